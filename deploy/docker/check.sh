#!/usr/bin/env bash
# Builds the Dockerfile and runs its image on a machine that has neither a container engine nor the base images: buildah and podman run in a
# chroot of Debian trixie, and the base images are trixie, too, with the packages that the real ones have and with this machine's .NET SDK.
#
#   sudo deploy/docker/check.sh [FOLDER]        FOLDER keeps the chroots for the next time; default: a temporary one
#
# Needs root, debootstrap, the .NET SDK, 10 GB in FOLDER, a package mirror of Debian and a feed of NuGet packages. Takes about ten minutes.
set -euo pipefail

repository=$(cd "$(dirname "$0")/../.." && pwd)
folder=${1:-$(mktemp -d -t bestofn-docker-XXXXXX)}
port=${PORT:-21399}
mkdir -p "$folder"
[ -n "${1:-}" ] || trap 'rm -rf --one-file-system "$folder"' EXIT

for program in debootstrap dotnet unshare; do
  command -v $program >/dev/null || { echo "$program is missing." >&2; exit 2; }
done
[ "$(id -u)" -eq 0 ] || { echo "This needs root: it makes chroots." >&2; exit 2; }

say() { printf '\n=== %s\n' "$*"; }

[ -f "$folder/base.done" ] || {
  say "Debian trixie"
  debootstrap --variant=minbase trixie "$folder/base" >"$folder/debootstrap.log"
  touch "$folder/base.done"
}

[ -f "$folder/tools.done" ] || {
  say "buildah and podman"
  rm -rf --one-file-system "$folder/tools"
  cp -a "$folder/base" "$folder/tools"
  cp /etc/resolv.conf "$folder/tools/etc/"
  chroot "$folder/tools" apt-get update -qq
  DEBIAN_FRONTEND=noninteractive chroot "$folder/tools" apt-get install -y -qq --no-install-recommends \
    buildah podman crun docker-compose >"$folder/tools.log" 2>&1
  touch "$folder/tools.done"
}

# What the images hold of this machine: the SDK, and how it reaches packages.
tar -C "$folder/base" -cf "$folder/tools/var/tmp/base.tar" .
rm -rf "$folder/tools/var/tmp/nuget"
mkdir -p "$folder/tools/var/tmp/nuget" "$folder/tools/repository" "$folder/tools/sdk" "$folder/tools/packages" "$folder/tools/certificates"
cp "$HOME/.nuget/NuGet/NuGet.Config" "$folder/tools/var/tmp/nuget/" 2>/dev/null || true
mkdir -p "$HOME/.nuget/packages"

cat >"$folder/tools/var/tmp/check.sh" <<'INSIDE'
set -euo pipefail
export STORAGE_DRIVER=vfs BUILDAH_ISOLATION=chroot PODMAN_IGNORE_CGROUPSV1_WARNING=1
limits=(--ulimit nofile=4096:4096 --ulimit nproc=8192:8192)
say() { printf '\n=== %s\n' "$*"; }

# A cgroup2 alone, in this mount namespace: crun wants no mixture.
umount -R /sys/fs/cgroup 2>/dev/null || true
mount -t cgroup2 none /sys/fs/cgroup

# base NAME PACKAGE…: an image that stands in for one that cannot be fetched here.
base() {
  local name=$1 container
  shift
  container=$(buildah from "${limits[@]}" scratch)
  buildah add -q "$container" /var/tmp/base.tar / >/dev/null
  buildah run --network host --volume /etc/resolv.conf:/etc/resolv.conf:ro "$container" -- \
    sh -c "apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $* >/var/log/apt.log 2>&1 || { cat /var/log/apt.log; exit 1; }"
  buildah run "$container" -- sh -c 'groupadd --gid 1654 app && useradd --uid 1654 --gid 1654 --create-home app'
  if [ "${name##*/}" = sdk:10.0-noble ]; then
    buildah add -q "$container" /var/tmp/nuget /root/.nuget/NuGet >/dev/null
    buildah run "$container" -- ln -s /usr/share/dotnet/dotnet /usr/bin/dotnet
    buildah config --env DOTNET_NOLOGO=1 --env DOTNET_CLI_TELEMETRY_OPTOUT=1 \
      --env "NUGET_CERT_REVOCATION_MODE=${NUGET_CERT_REVOCATION_MODE:-online}" "$container"
  fi
  buildah config --env APP_UID=1654 "$container"
  buildah commit -q --rm "$container" "$name" >/dev/null
}

podman rm -f -a >/dev/null 2>&1 || true
buildah rm -a >/dev/null 2>&1 || true
buildah rmi -a -f >/dev/null 2>&1 || true
say "Images that stand in for mcr.microsoft.com/dotnet/runtime-deps:10.0-noble and sdk:10.0-noble"
base mcr.microsoft.com/dotnet/runtime-deps:10.0-noble ca-certificates libc6 libgcc-s1 libicu76 libssl3t64 libstdc++6 tzdata
base mcr.microsoft.com/dotnet/sdk:10.0-noble ca-certificates libc6 libgcc-s1 libicu76 libssl3t64 libstdc++6 tzdata git curl

say "buildah build -f deploy/docker/Dockerfile"
buildah build --format docker --pull-never --network host "${limits[@]}" \
  --volume /sdk:/usr/share/dotnet:ro --volume /packages:/root/.nuget/packages --volume /certificates:/etc/ssl/certs:ro --volume /etc/resolv.conf:/etc/resolv.conf:ro \
  -f /repository/deploy/docker/Dockerfile --ignorefile /repository/deploy/docker/Dockerfile.dockerignore -t bestofn:cpu /repository

say "The image"
podman images --format '{{.Repository}}:{{.Tag}} {{.Size}}' | grep bestofn

say "podman run, with a read-only root, without rights, as user 1654"
podman run -d --name gateway --pull never --network host --cgroups=disabled "${limits[@]}" --read-only --tmpfs /tmp --cap-drop ALL \
  --security-opt no-new-privileges -e "ASPNETCORE_HTTP_PORTS=$PORT" bestofn:cpu >/dev/null
ready() { podman exec gateway bash -c "exec 3<>/dev/tcp/127.0.0.1/$PORT && printf 'GET /readyz HTTP/1.0\r\n\r\n' >&3 && grep -q '200 OK' <&3" 2>/dev/null; }
for _ in $(seq 120); do ready && break; sleep 0.5; done
ready || { podman logs gateway; exit 1; }
podman exec gateway id
podman exec gateway sh -c '! touch /app/x 2>/dev/null'
podman healthcheck run gateway && echo "healthy"
question='{"model":"pocket","seed":1,"best_of_n":{"n":8,"return":"scores"},"messages":[{"role":"user","content":"Which two of 24 1 28 13 26 21 add up to 47?"}]}'
podman exec gateway bash -c "exec 3<>/dev/tcp/127.0.0.1/$PORT && printf '%s' 'POST /v1/chat/completions HTTP/1.0
Content-Type: application/json
Content-Length: ${#question}

$question' >&3 && tail -n 1 <&3" | cut -c 1-240
podman exec gateway sh -c 'command -v ffmpeg'

say "podman stop: SIGTERM"
podman stop -t 110 gateway >/dev/null
code=$(podman inspect gateway --format '{{.State.ExitCode}}')
podman logs gateway 2>&1 | tail -n 2
podman rm gateway >/dev/null
echo "exit code $code"
[ "$code" -eq 0 ]
INSIDE

say "In the chroot"
# All mounts are in a namespace of their own and end with it.
PORT=$port unshare --mount --propagation private bash -euo pipefail -c '
  folder=$1 repository=$2 sdk=$3 packages=$4
  mount --bind "$folder/tools" "$folder/tools"
  for each in proc sys dev; do mount --rbind "/$each" "$folder/tools/$each"; done
  mount --bind "$repository" "$folder/tools/repository"
  mount --bind "$sdk" "$folder/tools/sdk"
  mount --bind "$packages" "$folder/tools/packages"
  mount --bind /etc/ssl/certs "$folder/tools/certificates"
  exec chroot "$folder/tools" bash /var/tmp/check.sh
' check "$folder" "$repository" "$(dirname "$(readlink -f "$(command -v dotnet)")")" "$HOME/.nuget/packages"
say "All steps of the Dockerfile ran, on Debian trixie instead of Ubuntu 24.04."

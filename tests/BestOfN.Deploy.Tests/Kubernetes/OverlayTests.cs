using k8s.Models;

namespace BestOfN.Deploy.Tests.Kubernetes;

/// <summary>The manifests that <c>kubectl kustomize</c> writes, compared with each other and with a running gateway.</summary>
public sealed class OverlayTests(RunningGateway gateway)
{
    public static TheoryData<string> Names => [.. Manifests.Overlays.Select(overlay => Path.GetFileName(overlay)!)];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Every_selector_finds_the_pods_and_every_port_is_one_of_theirs(string name)
    {
        var built = await BuildAsync(name);
        var pod = Pod(built);
        var ports = pod.Spec.Containers.Single().Ports.Select(port => port.Name).ToList();
        var service = built.OfType<V1Service>().Single();
        var policy = built.OfType<V1NetworkPolicy>().Single();
        var monitor = built.OfType<ServiceMonitor>().Single();

        Assert.All(
            [
                built.OfType<V1Deployment>().Single().Spec.Selector.MatchLabels, service.Spec.Selector, policy.Spec.PodSelector.MatchLabels,
                built.OfType<V1PodDisruptionBudget>().Single().Spec.Selector.MatchLabels,
                pod.Spec.TopologySpreadConstraints.Single().LabelSelector.MatchLabels,
            ],
            selector => Assert.Equal(pod.Metadata.Labels, selector));
        Assert.All(monitor.Spec.Selector.MatchLabels, label => Assert.Equal(label.Value, service.Metadata.Labels[label.Key]));
        Assert.Contains(service.Spec.Ports.Single().TargetPort.Value, ports);
        Assert.Contains(policy.Spec.Ingress.Single().Ports.Single().Port.Value, ports);
        Assert.Equal(service.Spec.Ports.Single().Name, monitor.Spec.Endpoints.Single().Port);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Probes_and_scrapes_ask_routes_that_answer_at_the_containers_port(string name)
    {
        var built = await BuildAsync(name);
        var container = Pod(built).Spec.Containers.Single();
        var probes = new[] { container.StartupProbe, container.ReadinessProbe, container.LivenessProbe };
        Assert.All(probes, probe => Assert.Equal(container.Ports.Single().Name, probe.HttpGet.Port.Value));
        Assert.Equal(Docker.DockerfileTests.Environment["ASPNETCORE_HTTP_PORTS"], $"{container.Ports.Single().ContainerPort}");
        var scraped = built.OfType<ServiceMonitor>().Single().Spec.Endpoints.Single().Path;
        foreach (var path in probes.Select(probe => probe.HttpGet.Path).Append(scraped))
        {
            Assert.NotEmpty(await gateway.GetAsync(path));
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Pods_may_end_their_requests_before_they_are_killed(string name) =>
        Assert.True(Pod(await BuildAsync(name)).Spec.TerminationGracePeriodSeconds >= gateway.LongestStop.TotalSeconds);

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Pods_run_without_rights_and_write_nowhere_but_into_tmp(string name)
    {
        var pod = Pod(await BuildAsync(name)).Spec;
        var container = pod.Containers.Single();
        Assert.True(pod.SecurityContext.RunAsNonRoot);
        Assert.False(pod.AutomountServiceAccountToken);
        Assert.True(container.SecurityContext.ReadOnlyRootFilesystem);
        Assert.False(container.SecurityContext.AllowPrivilegeEscalation);
        Assert.Equal(["ALL"], container.SecurityContext.Capabilities.Drop);
        Assert.Equal(["/tmp"], container.VolumeMounts.Where(mount => mount.ReadOnlyProperty != true).Select(mount => mount.MountPath));
        Assert.Equal(pod.Volumes.Select(volume => volume.Name).Order(), container.VolumeMounts.Select(mount => mount.Name).Order());
        Assert.True(container.Resources.Requests.ContainsKey("cpu") && container.Resources.Limits.ContainsKey("memory"));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Secrets_stand_nowhere_and_settings_and_variables_are_understood(string name)
    {
        var built = await BuildAsync(name);
        var pod = Pod(built).Spec;
        var container = pod.Containers.Single();
        Assert.Empty(built.OfType<V1Secret>());
        Assert.All(
            container.Env.Where(variable => variable.Name.Contains("KEY", StringComparison.Ordinal)),
            variable => Assert.NotNull(variable.ValueFrom.SecretKeyRef));

        var settings = built.OfType<V1ConfigMap>().Single();
        Assert.Equal(settings.Metadata.Name, pod.Volumes.Single(volume => volume.Name == "settings").ConfigMap.Name);
        Assert.Equal(container.VolumeMounts.Single(mount => mount.Name == "settings").MountPath,
            container.Env.Single(variable => variable.Name == "ASPNETCORE_CONTENTROOT").Value);
        var file = $"deploy/kubernetes/overlays/{name}/appsettings.json";
        Assert.Equal(DeployFiles.Read(file), settings.Data["appsettings.json"]);
        var environment = container.Env.ToDictionary(variable => variable.Name, variable => variable.Value ?? "");
        Assert.Empty(Settings.Settings.Problems(gateway, name, environment, file));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task The_autoscaler_goes_by_a_gauge_that_the_gateway_has(string name)
    {
        var built = await BuildAsync(name);
        var scaler = built.OfType<V2HorizontalPodAutoscaler>().Single();
        Assert.Equal("gauge", gateway.Kinds[scaler.Spec.Metrics.Single().Pods.Metric.Name]);
        var scaled = scaler.Spec.ScaleTargetRef;
        Assert.Equal(Manifests.Identity(built.OfType<V1Deployment>().Single()), (scaled.Kind, scaled.Name));
        Assert.Null(built.OfType<V1Deployment>().Single().Spec.Replicas);
    }

    [Fact]
    public async Task Models_on_a_GPU_have_one_and_the_image_that_can_use_it()
    {
        var container = Pod(await BuildAsync("cuda")).Spec.Containers.Single();
        Assert.Equal("1", container.Resources.Limits["nvidia.com/gpu"].ToString());
        Assert.EndsWith(":cuda", container.Image, StringComparison.Ordinal);
        Assert.DoesNotContain("nvidia.com/gpu", Pod(await BuildAsync("cpu")).Spec.Containers.Single().Resources.Limits.Keys);
    }

    private static Task<List<object>> BuildAsync(string name) =>
        Manifests.BuildAsync(DeployFiles.PathOf($"deploy/kubernetes/overlays/{name}"));

    private static V1PodTemplateSpec Pod(List<object> built) => built.OfType<V1Deployment>().Single().Spec.Template;
}

// Pictures and videos that go with a question. They are read here and sent with the request; nothing is stored.

import { find, make } from "./dom.js";

const MOST_BYTES = 48 * 1024 * 1024;

let attached = [];

export const attachments = () => attached;

/** Parts of a message, in the order in which they were added. */
export const parts = () => attached.map(({ kind, url }) =>
  kind === "video" ? { type: "video_url", video_url: { url } } : { type: "image_url", image_url: { url } });

export function replace(list) {
  attached = list;
  draw();
}

/** Adds files. Returns what is wrong with one of them, or an empty text. */
export async function add(files) {
  for (const file of files) {
    const kind = file.type.startsWith("video/") ? "video" : file.type.startsWith("image/") ? "picture" : null;
    if (!kind) {
      return `${file.name} is neither a picture nor a video.`;
    }

    if (file.size > MOST_BYTES) {
      return `${file.name} is larger than ${MOST_BYTES / 1024 / 1024} MiB.`;
    }

    attached = [...attached, { kind, url: await dataUrl(file), name: file.name }];
    draw();
  }

  return "";
}

function dataUrl(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(file);
  });
}

function draw() {
  find("attachments").replaceChildren(...attached.map((attachment, place) => {
    const isGif = attachment.url.startsWith("data:image/gif");
    const name = `${attachment.kind === "video" ? "Video" : "Picture"} ${place + 1}${attachment.name ? `: ${attachment.name}` : ""}`;
    const shown = attachment.kind === "video" && !isGif
      ? make("video", { src: attachment.url, muted: true, loop: true, autoplay: true, playsInline: true, ariaLabel: name })
      : make("img", { src: attachment.url, alt: name });
    shown.addEventListener("load", () => shown.classList.toggle("small-picture", shown.naturalWidth <= 192));
    const remove = make("button", { type: "button", className: "remove", ariaLabel: `Remove ${name}` }, "\u00d7");
    remove.addEventListener("click", () => {
      replace(attached.filter(each => each !== attachment));
      find("question").focus();
    });

    const item = make("div", { className: "attachment" }, shown, remove);
    if (isGif) {
      // An animated GIF may be meant as a video.
      const kind = make("button", { type: "button", className: "kind" }, `as ${attachment.kind}`);
      kind.addEventListener("click", () => {
        attachment.kind = attachment.kind === "video" ? "picture" : "video";
        draw();
        find("attachments").children[place].querySelector(".kind").focus();
      });
      item.append(kind);
    }

    return item;
  }));
}

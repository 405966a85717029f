// Starts the page: two views, and a key where the gateway asks for one.

import { key, setKey } from "./api.js";
import { find } from "./dom.js";
import * as playground from "./playground.js";
import * as traffic from "./traffic.js";

const tabs = ["playground", "traffic"];
const reason = find("key-reason").textContent;

function open(name) {
  for (const tab of tabs) {
    const button = find(`tab-${tab}`);
    button.setAttribute("aria-selected", String(tab === name));
    button.tabIndex = tab === name ? 0 : -1;
    find(tab).hidden = tab !== name;
  }

  traffic.show(name === "traffic");
}

/** Asks for a key; then something is tried again. */
function askKey(words, again) {
  const dialog = find("key-dialog");
  if (dialog.open) {
    return;
  }

  find("key-reason").textContent = words || reason;
  find("key").value = key();
  dialog.returnValue = "cancel";
  dialog.onclose = () => {
    if (dialog.returnValue !== "cancel") {
      setKey(dialog.returnValue === "save" ? find("key").value.trim() : "");
      again();
    }

    find("key").value = "";
  };
  dialog.showModal();
}

for (const [place, tab] of tabs.entries()) {
  const button = find(`tab-${tab}`);
  button.addEventListener("click", () => open(tab));
  button.addEventListener("keydown", event => {
    const next = { ArrowLeft: place - 1, ArrowRight: place + 1, Home: 0, End: tabs.length - 1 }[event.key];
    if (next !== undefined) {
      event.preventDefault();
      const name = tabs[(next + tabs.length) % tabs.length];
      open(name);
      find(`tab-${name}`).focus();
    }
  });
}

find("key-button").addEventListener("click", () => askKey("", () => {
  playground.loadFacts();
  traffic.show(!find("traffic").hidden);
}));
traffic.start(askKey);
await playground.start(askKey);

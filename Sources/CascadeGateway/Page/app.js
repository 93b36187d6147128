// Puts the page together: views, settings, keys, and what happens when the gateway comes back.

import { installKeyDialog, installLostNotice, onReturn } from "./api.js";
import { installChat } from "./chat.js";
import { installCluster, watchCluster } from "./cluster.js";
import { installCompare } from "./compare.js";
import { byId, setText } from "./dom.js";
import { openFrontier } from "./frontier.js";
import { installSettings, loadModels, servedModels } from "./settings.js";
import { installEvidence, installLegends } from "./tokens.js";

const views = ["chat", "compare", "cluster", "frontier"];
let shown = null;

function show(name) {
  const view = views.includes(name) ? name : "chat";
  if (view === shown) return;
  shown = view;
  for (const one of views) {
    const tab = byId(`tab-${one}`);
    tab.setAttribute("aria-selected", String(one === view));
    tab.tabIndex = one === view ? 0 : -1;
    byId(`view-${one}`).hidden = one !== view;
  }
  byId("writing").hidden = view !== "chat" && view !== "compare";
  watchCluster(view === "cluster");
  if (view === "frontier") openFrontier();
}

function choose(name) {
  history.replaceState(null, "", `#${name}`);
  show(name);
}

function installTabs() {
  for (const [at, name] of views.entries()) {
    const tab = byId(`tab-${name}`);
    tab.addEventListener("click", () => choose(name));
    tab.addEventListener("keydown", (event) => {
      const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: views.length - 1 }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      const next = views[(to + views.length) % views.length];
      byId(`tab-${next}`).focus();
      choose(next);
    });
  }
  addEventListener("hashchange", () => show(location.hash.slice(1)));
}

let again = null;

/** Models are asked for until there are some: a cluster may still be loading. */
async function refreshModels() {
  clearTimeout(again);
  try {
    await loadModels();
  } catch (error) {
    // A gateway that is away has its own notice, and calls back.
    if (error.code !== "lost") setText(byId("model-hint"), `No models: ${error.message}`);
    if (error.status === 401) return;
  }
  if (servedModels().length === 0) again = setTimeout(refreshModels, 5000);
}

installSettings();
installLegends();
installEvidence();
installKeyDialog(() => {
  refreshModels();
  watchCluster(shown === "cluster");
  if (shown === "frontier") openFrontier(true);
});
installLostNotice();
installChat();
installCompare();
installCluster();
installTabs();
onReturn(() => {
  refreshModels();
  if (shown === "frontier") openFrontier();
});
show(location.hash.slice(1));
refreshModels();

// The cluster, live: asked every second while somebody looks, never otherwise.

import { getJSON, postJSON } from "./api.js";
import { byId, duration, el, fixed, keyed, percent, plural, setText, whole } from "./dom.js";
import { costCurve } from "./plots.js";
import { servedModels } from "./settings.js";
import { reasons, roleFigures } from "./why.js";

const pause = 1000;
let isOpen = false;
let timer = null;
let isAsking = false;
let before = null;

const isWatched = () => isOpen && document.visibilityState === "visible";

/** Begins or ends watching. */
export function watchCluster(open) {
  isOpen = open;
  clearTimeout(timer);
  if (isWatched()) look();
}

async function look() {
  if (isAsking || !isWatched()) return;
  isAsking = true;
  const signal = AbortSignal.timeout(10000);
  const paths = ["cascade/v1/status", "cascade/v1/nodes", "cascade/v1/jobs?limit=50"];
  const answers = await Promise.allSettled(paths.map((path) => getJSON(path, { signal })));
  const [status, nodes, jobs] = answers.map((answer) => answer.value ?? null);
  show(status, Array.isArray(nodes) ? nodes : null, Array.isArray(jobs) ? jobs : null);
  const errors = answers.filter((answer) => answer.status === "rejected").map((answer) => answer.reason);
  setText(byId("cluster-fresh"), errors.length === 0 ? `As of ${new Date().toLocaleTimeString()}.` : failure(errors[0]));
  isAsking = false;
  clearTimeout(timer);
  // Without a key there is nothing to wait for: a new one calls this again.
  if (isWatched() && !errors.some((error) => error.status === 401)) timer = setTimeout(look, pause);
}

function failure(error) {
  if (error.status === 401) return `${error.message} Choose ‘API key’ at the top to enter one.`;
  const words = error.name === "TimeoutError" ? "The gateway takes more than 10 seconds to answer." : error.message;
  return `Not up to date: ${words} The page tries again.`;
}

/** Shows what came; what is null did not. */
function show(status, nodes, jobs) {
  if (status) {
    const now = performance.now();
    // A coordinator that started again counts from 0.
    const last = before && before.status.rounds <= status.rounds ? before : null;
    const rate = last ? (status.rounds - last.status.rounds) / ((now - last.now) / 1000) : null;
    if (nodes) showWhy(status, nodes, last ? status.preemptions - last.status.preemptions : 0);
    showStatus(status, rate);
    before = { status, now };
  }
  if (nodes) {
    showPools(nodes);
    showNodes(nodes);
  }
  if (jobs) showJobs(jobs);
  if (status || nodes || jobs) byId("cluster-body").hidden = false;
}

// MARK: Why

function bar(label) {
  const meter = el("span", { class: "meter", role: "meter", "aria-label": label, "aria-valuemin": 0, "aria-valuemax": 100 },
    el("span", { class: "level-of-meter" }));
  return el("div", { class: "bar" }, el("span", { class: "bar-name" }, label), meter, el("span", { class: "bar-value" }));
}

function setBar(box, value, text) {
  const meter = box.querySelector(".meter");
  const share = typeof value === "number" ? Math.round(100 * Math.max(0, Math.min(1, value))) : 0;
  meter.setAttribute("aria-valuenow", String(share));
  meter.setAttribute("aria-valuetext", text);
  meter.firstChild.style.width = `${share}%`;
  setText(box.querySelector(".bar-value"), text);
}

function showWhy(status, nodes, preempted) {
  const box = byId("why");
  if (!box.querySelector("ul")) {
    box.replaceChildren(el("ul", { class: "reasons" }), bar("Experts busy"), bar("Drafters busy"));
  }
  const words = reasons(status, nodes, preempted);
  keyed(box.querySelector("ul"), words.map((text, at) => ({ text, at })), (one) => one.at,
    () => el("li"), (item, one) => setText(item, one.text));
  const [experts, drafters] = box.querySelectorAll(".bar");
  for (const [element, role] of [[experts, "expert"], [drafters, "drafter"]]) {
    const { busy } = roleFigures(nodes, role);
    setBar(element, busy, percent(busy));
  }
}

// MARK: Status

function facts(list, pairs) {
  keyed(list, pairs.filter(([, value]) => value !== null && value !== undefined), ([name]) => name,
    ([name]) => el("div", {}, el("dt", {}, name), el("dd")),
    (item, [, value]) => setText(item.querySelector("dd"), value));
}

function showStatus(status, rate) {
  const sources = status.draft_sources;
  facts(byId("status"), [
    ["coordinator", status.software],
    ["up for", duration(status.uptime_ms)],
    ["jobs", `${whole(status.queued_jobs)} queued, ${whole(status.running_jobs)} running, ${whole(status.finished_jobs)} finished`],
    ["rounds (draft and check)", `${whole(status.rounds)}${rate === null ? "" : `, ${fixed(rate)} a second now`}`],
    ["mean acceptance length (tokens per check)", typeof status.mean_acceptance_length === "number"
      ? fixed(status.mean_acceptance_length, 2) : "no drafts yet"],
    ["drafted tokens that stand", typeof status.draft_acceptance_rate === "number"
      ? percent(status.draft_acceptance_rate) : null],
    ["draft sources", sources ? `${whole(sources.model)} by the drafter, ${whole(sources.lookup)} copied from the text` : null],
    ["preemptions (cache was full)", whole(status.preemptions)],
    ["set aside after crashes", status.set_aside_jobs > 0 ? plural(status.set_aside_jobs, "job") : null],
    ["in flight at a crash", status.suspected_jobs > 0 ? plural(status.suspected_jobs, "job") : null],
  ]);
  const owners = status.owners ?? [];
  table(byId("owners"), "Owners of jobs", ["owner", "weight", "running", "queued", "finished", "prompt tokens", "answer tokens"],
    owners, (one) => one.owner,
    (one) => [one.owner, one.weight, one.running_jobs, one.queued_jobs, one.finished_jobs, one.prompt_tokens,
      one.completion_tokens].map((value) => (typeof value === "number" ? whole(value) : value)));
}

/** A table that keeps its rows; nothing where there are none. Returns the body. */
function table(box, caption, heads, items, key, cells) {
  if (items.length === 0) {
    box.replaceChildren();
    return null;
  }
  if (!box.querySelector("table")) {
    box.replaceChildren(el("table", {}, el("caption", { class: "visually-hidden" }, caption),
      el("thead", {}, el("tr", {}, heads.map((head) => el("th", { scope: "col" }, head)))), el("tbody")));
  }
  const body = box.querySelector("tbody");
  keyed(body, items, key,
    () => el("tr", {}, heads.map((head) => el("td", { "data-head": head }, el("span")))),
    (row, item) => cells(item).forEach((text, at) => setText(row.cells[at].firstChild, String(text ?? ""))));
  return body;
}

// MARK: Pools and nodes

function showPools(nodes) {
  const names = [...new Set(nodes.map((node) => node.pool))].sort();
  const box = byId("pools");
  if (names.length === 0) return box.replaceChildren(el("p", {}, "No node has joined a pool yet."));
  if (!box.querySelector("table")) box.replaceChildren();
  table(box, "Pools", ["pool", "drafters", "experts", "rule", "context (tokens)"], names, (name) => name, (name) => {
    const own = nodes.filter((node) => node.pool === name);
    const model = servedModels().find((one) => one.id === name)?.cascade ?? {};
    const ready = (role) => {
      const all = own.filter((node) => node.role === role);
      const usable = all.filter((node) => node.state === "ready" && !node.out_of_use).length;
      return usable === all.length ? all.length : `${usable} of ${all.length}`;
    };
    const alpha = typeof model.alpha === "number" ? ` ${model.alpha}` : "";
    const context = Math.min(...own.map((node) => node.context_length).filter((length) => length > 0));
    return [name, ready("drafter"), ready("expert"), model.rule ? model.rule + alpha : "–", whole(context)];
  });
}

function nodeCard(node) {
  return el("article", { class: "card node", "aria-label": `Node ${node.node_id}` },
    el("h3", {}, el("span", { class: "node-name" }, node.node_id), " ", el("span", { class: `role ${node.role}` }, node.role)),
    el("p", { class: "model" }), el("p", { class: "hint state" }),
    bar("busy"), bar("requests"), bar("KV cache"),
    el("dl", { class: "facts" }), el("div", { class: "cost" }));
}

function updateNode(card, node) {
  setText(card.querySelector(".model"), node.synthetic ? `${node.model} (no model: makes text up)` : node.model);
  const rest = node.out_of_use;
  const state = rest ? `out of use, tried again in ${duration(rest.retry_ms)}` : node.state;
  setText(card.querySelector(".state"), `${state} · pool ${node.pool}${node.host ? ` · host ${node.host}` : ""}`);
  const [busy, load, cache] = card.querySelectorAll(".bar");
  setBar(busy, node.busy_fraction, percent(node.busy_fraction));
  setBar(load, node.credits > 0 ? node.in_flight / node.credits : 0, `${node.in_flight} of ${node.credits}`);
  const use = node.kv_tokens > 0 ? node.kv_tokens_used / node.kv_tokens : null;
  setBar(cache, use, use === null ? "–" : percent(use));
  const first = node.costs?.[0];
  facts(card.querySelector(".facts"), [
    ["cores in use", fixed(node.cpu_cores, 2)],
    ["pass of one token", first ? `${fixed(first.ms)} ms` : null],
    ["passes", whole(node.passes)],
    ["waiting passes", whole(node.pending)],
    ["cache", node.kv_tokens > 0 ? `${whole(node.kv_tokens_used)} of ${whole(node.kv_tokens)} tokens` : null],
    ["tokens not read twice", whole(node.prefix_cache_hit_tokens)],
    ["software", node.software],
  ]);
  const cost = card.querySelector(".cost");
  const costs = JSON.stringify(node.costs ?? []);
  if (cost.dataset.costs === costs) return;
  cost.dataset.costs = costs;
  cost.replaceChildren();
  if (node.costs?.length > 0) {
    cost.append(el("p", { class: "hint" }, "Time of a pass by the tokens in it"), costCurve(node.costs));
  }
}

function showNodes(nodes) {
  const box = byId("nodes");
  const order = { expert: 0, drafter: 1 };
  const sorted = [...nodes].sort((a, b) => (order[a.role] ?? 2) - (order[b.role] ?? 2) || a.node_id.localeCompare(b.node_id));
  if (sorted.length === 0) {
    return box.replaceChildren(el("p", {}, "No nodes. Start some with ‘cascade drafter’ and ‘cascade expert’."));
  }
  for (const child of [...box.children]) if (!child.matches(".node")) child.remove();
  keyed(box, sorted, (node) => node.node_id, nodeCard, updateNode);
}

// MARK: Jobs

const outcomes = { stop: "done", length: "done (token limit)", cancelled: "cancelled", error: "failed" };

async function cancel(id, button) {
  button.disabled = true;
  try {
    await postJSON(`cascade/v1/jobs/${encodeURIComponent(id)}/cancel`, {});
    setText(byId("jobs-said"), `Job ${id} is being cancelled.`);
  } catch (error) {
    button.disabled = false;
    setText(byId("jobs-said"), `Job ${id} was not cancelled: ${error.message}`);
    byId("jobs-said").classList.remove("visually-hidden");
  }
}

function showJobs(jobs) {
  const box = byId("jobs");
  if (jobs.length === 0) return box.replaceChildren(el("p", {}, "No jobs yet. Ask something under Chat."));
  if (!box.querySelector("table")) box.replaceChildren();
  const body = table(box, "Jobs, newest first", ["job", "state", "pool", "prompt", "tokens", "age", "beginning", "owner", "action"],
    jobs, (job) => job.job_id, (job) => [
      job.job_id, outcomes[job.finish_reason] ?? job.state, job.pool, whole(job.prompt_tokens),
      whole(job.completion_tokens), duration(job.age_ms),
      job.note ? `${job.prompt_beginning} (${job.note})` : job.prompt_beginning, job.owner ?? "",
    ]);
  box.querySelector("table").classList.toggle("no-owners", !jobs.some((job) => job.owner));
  for (const [at, job] of jobs.entries()) {
    const cell = body.rows[at].cells[8];
    const button = cell.querySelector("button");
    if (job.state === "finished") {
      button?.remove();
    } else if (!button) {
      const fresh = el("button", { type: "button", class: "cancel", "aria-label": `Cancel job ${job.job_id}` }, "Cancel");
      fresh.addEventListener("click", () => cancel(job.job_id, fresh));
      cell.append(fresh);
    }
  }
}

export function installCluster() {
  document.addEventListener("visibilitychange", () => watchCluster(isOpen));
}

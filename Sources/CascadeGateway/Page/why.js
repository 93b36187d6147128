// Why the cluster is slow, from what it says of itself, in words.

import { fixed, percent, plural } from "./dom.js";

const mean = (values) => (values.length > 0 ? values.reduce((sum, value) => sum + value, 0) / values.length : null);

/** The figures of all nodes of a role. */
export function roleFigures(nodes, role) {
  const all = nodes.filter((node) => node.role === role);
  const usable = all.filter((node) => node.state === "ready" && !node.out_of_use);
  const busy = usable.map((node) => node.busy_fraction).filter((value) => typeof value === "number");
  return {
    all: all.length,
    usable: usable.length,
    busy: mean(busy),
    waiting: usable.reduce((sum, node) => sum + (node.pending ?? 0), 0),
    isFull: usable.length > 0 && usable.every((node) => node.in_flight >= node.credits),
    cache: Math.max(0, ...usable.map((node) => (node.kv_tokens > 0 ? node.kv_tokens_used / node.kv_tokens : 0))),
  };
}

function limit(expert, drafter, acceptance) {
  const high = 0.7;
  if (expert.busy === null && drafter.busy === null) return "The nodes have not said yet how busy they are.";
  const [e, d] = [expert.busy ?? 0, drafter.busy ?? 0];
  const fewStand = typeof acceptance === "number" && acceptance < 2;
  if (e >= high && e >= d) {
    return `The expert limits: it computes ${percent(e)} of the time. `
      + (fewStand
        ? "Few drafted tokens stand, so it has to run often: try a rule or an alpha that keeps more, or a drafter "
          + "that is closer to the expert."
        : "Another expert in the pool helps, or a rule that keeps more tokens.");
  }
  if (d >= high) {
    return `The drafter limits: it computes ${percent(d)} of the time, the expert ${percent(e)}. A smaller drafter, `
      + "shorter drafts or another drafter in the pool help.";
  }
  if (e + d >= 0.6) {
    const more = e >= d ? `the expert has the larger share (${percent(e)}, the drafter ${percent(d)})`
      : `the drafter has the larger share (${percent(d)}, the expert ${percent(e)})`;
    return `Neither is busy all the time: with few jobs, drafter and expert wait for each other, and ${more}. `
      + "More jobs at once use the rest.";
  }
  return `Neither limits: the expert computes ${percent(e)} of the time, the drafter ${percent(d)}. What remains goes `
    + "between them: few or short jobs, the network, other programs on the same cores.";
}

/** Sentences, the weightiest first. `preempted`: how often the cache was full since the last look. */
export function reasons(status, nodes, preempted) {
  const [expert, drafter] = [roleFigures(nodes, "expert"), roleFigures(nodes, "drafter")];
  const queued = status.queued_jobs ?? 0;
  const running = status.running_jobs ?? 0;
  const acceptance = status.mean_acceptance_length;
  const words = [];
  if (status.stall) words.push(`The coordinator is not well: ${status.stall}`);
  if (expert.usable === 0) {
    words.push(expert.all > 0
      ? "No expert can be used now: it loads, drains or rests after failures. Jobs wait for it."
      : "There is no expert. Start one with ‘cascade expert’; jobs wait until then.");
  }
  if (expert.usable > 0 && drafter.usable === 0) {
    words.push("No drafter can be used, so every token needs its own expert pass. Start one with ‘cascade drafter’.");
  }
  for (const node of nodes) {
    if (node.out_of_use) words.push(`${node.node_id} is out of use: ${node.out_of_use.reason}`);
    else if (node.silent_ms > 3000) words.push(`${node.node_id} has been silent for ${fixed(node.silent_ms / 1000)} s.`);
  }
  if (expert.usable > 0) {
    if (running + queued === 0) words.push("No job runs, so nothing is slow.");
    else words.push(limit(expert, drafter, acceptance));
  }
  if (queued > 0) {
    words.push(`${plural(queued, "job waits", "jobs wait")} in the queue`
      + (expert.isFull ? ", since the experts have all the requests that they accept." : "."));
  }
  if (preempted > 0) {
    words.push("The cache of an expert or drafter (its KV cache, the memory of what it has read) was full: texts had to "
      + "be read again. Fewer jobs at once or a larger cache help.");
  } else if (Math.max(expert.cache, drafter.cache) > 0.9) {
    words.push("A cache (KV cache, the memory of what a node has read) is nearly full.");
  }
  if (typeof acceptance === "number" && running > 0) {
    words.push(`Each check gives ${fixed(acceptance, 2)} tokens on average since the start; without drafts it would be 1.`);
  }
  return words;
}

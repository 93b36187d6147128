// Results of `cascade eval`: quality against speed, with the table behind.

import { getJSON } from "./api.js";
import { byId, el, fixed, percent, svg } from "./dom.js";
import { mark, markOf, scatter } from "./plots.js";

let isLoaded = false;
const narrow = matchMedia("(max-width: 560px)");
let redraw = () => {};
narrow.addEventListener("change", () => redraw());

/** Loads the results where that has not been done. */
export async function openFrontier(again = false) {
  if (isLoaded && !again) return;
  const box = byId("frontier");
  try {
    const results = await getJSON("cascade/v1/frontier");
    isLoaded = true;
    show(box, Array.isArray(results) ? results : []);
  } catch (error) {
    if (error.status === 404) return showWayToResults(box);
    const retry = el("button", { type: "button" }, "Try again");
    retry.addEventListener("click", () => openFrontier(true));
    box.replaceChildren(el("p", { class: "failed" }, error.message), retry);
  }
}

function showWayToResults(box) {
  box.replaceChildren(el("div", { class: "card" },
    el("p", {}, "This gateway has no results to show. Measure some with ",
      el("code", {}, "cascade eval … --out FOLDER"), ", then start the gateway with the folder that holds them:"),
    el("pre", {}, "cascade gateway --results FOLDER")));
}

const number = (value) => (typeof value === "number" && Number.isFinite(value) ? value : null);

const label = (setting) => (number(setting.alpha) === null ? setting.method : `${setting.method} ${setting.alpha}`);

/** How fast a setting is, on the best scale that all settings have. */
function speedOf(settings, expert) {
  if (settings.every((one) => one === expert || number(one.speedup) !== null) && settings.some((one) => number(one.speedup))) {
    return { name: "speed, as a multiple of the expert alone", of: (one) => (one === expert ? 1 : one.speedup) };
  }
  return {
    name: "expert passes saved per token",
    of: (one) => (number(one.expert_passes) === null ? null : 1 - one.expert_passes),
  };
}

function show(box, results) {
  const usable = results.filter((result) => Array.isArray(result?.settings) && result.settings.length > 0);
  if (usable.length === 0) return showWayToResults(box);
  const sections = usable.flatMap((result) => {
    const temperatures = [...new Set(result.settings.map((one) => one.temperature))];
    return temperatures.map((temperature) => ({ result, temperature }));
  });
  const select = el("select", { id: "frontier-result" }, sections.map(({ result, temperature }, at) =>
    el("option", { value: at }, `${result.name ?? "results"}, temperature ${temperature}`)));
  const place = el("div", { class: "card" });
  const draw = () => place.replaceChildren(...section(sections[Number(select.value)]));
  select.addEventListener("change", draw);
  redraw = draw;
  box.replaceChildren(el("div", { class: "field short" }, el("label", { for: "frontier-result" }, "Results"), select), place);
  draw();
}

function section({ result, temperature }) {
  const settings = result.settings.filter((one) => one.temperature === temperature);
  const expert = settings.find((one) => one.method === "expert-only") ?? null;
  const quality = settings.find((one) => one.quality?.name)?.quality.name ?? "quality";
  const speed = speedOf(settings, expert);
  const methods = [...new Set(settings.map((one) => one.method))];
  const marks = new Map(methods.map((method, at) => [method, markOf(at)]));
  const points = settings.map((one) => ({
    x: number(speed.of(one)), y: number(one.quality?.value), low: number(one.quality?.low), high: number(one.quality?.high),
    label: `${label(one)}: ${quality} ${fixed(one.quality?.value, 3)}`, mark: marks.get(one.method),
    near: number(one.alpha) === null ? "" : String(one.alpha),
  })).filter((point) => point.x !== null && point.y !== null);
  const title = `${quality} against speed at temperature ${temperature}`;
  const parts = [el("h2", {}, `${result.expert ?? "expert"} with drafter ${result.drafter ?? "unknown"}`)];
  if (points.length > 0) {
    const names = { x: speed.name, y: quality, title };
    const legend = el("ul", { class: "methods", "aria-label": "Methods" }, methods.map((method) =>
      el("li", {}, svg("svg", { viewBox: "0 0 16 16", class: "key", "aria-hidden": "true" }, mark(marks.get(method), 8, 8)), method)));
    parts.push(scatter(points, names, number(expert?.quality?.value), "the expert alone",
      narrow.matches ? [360, 320] : [640, 400]), legend);
    parts.push(el("p", { class: "hint" }, "The number beside a mark is the rule's alpha."));
    if (points.some((point) => point.low !== null)) {
      parts.push(el("p", { class: "hint" }, "Vertical lines are 95 % intervals: where they overlap much, the difference may be chance."));
    }
  }
  parts.push(behind(settings, quality, title));
  return parts;
}

function behind(settings, quality, title) {
  const interval = ({ quality: one }) => (number(one?.low) === null || number(one?.high) === null
    ? fixed(one?.value, 3) : `${fixed(one.value, 3)} [${fixed(one.low, 3)}, ${fixed(one.high, 3)}]`);
  const columns = [
    ["method", label],
    ["problems", (one) => one.problems],
    [quality, interval],
    ["tokens of an answer", (one) => fixed(one.tokens, 0)],
    ["drafted tokens that stood", (one) => percent(one.acceptance)],
    ["relaxed tokens", (one) => percent(one.relaxed)],
    ["expert passes per token", (one) => fixed(one.expert_passes, 3)],
    ["ms per token", (one) => fixed(one.milliseconds_per_token)],
    ["speed", (one) => (number(one.speedup) === null ? "–" : `${fixed(one.speedup, 2)}×`)],
  ];
  return el("details", { class: "behind", open: true }, el("summary", {}, "The figures"),
    el("div", { class: "wide", tabindex: 0, role: "region", "aria-label": `Table: ${title}` },
      el("table", { class: "figures-table" }, el("caption", { class: "visually-hidden" }, title),
        el("thead", {}, el("tr", {}, columns.map(([name]) => el("th", { scope: "col" }, name)))),
        el("tbody", {}, settings.map((one) =>
          el("tr", {}, columns.map(([, cell], at) => el(at === 0 ? "th" : "td", at === 0 ? { scope: "row" } : {}, String(cell(one) ?? "–")))))))));
}

// The form with model, rule, alpha and the rest, and the request that follows from it.

import { getJSON } from "./api.js";
import { byId, el, setText } from "./dom.js";
import { needsChance, ruleNamed, rules } from "./rules.js";

let models = [];

/** All models that the gateway serves, with the pool's rule each. */
export const servedModels = () => models;

const chosen = () => models.find((model) => model.id === byId("model").value);
const part = (id) => /\/(expert|drafter)$/.exec(id)?.[1] ?? null;
/** The pool of a model: what stands before `/expert` or `/drafter`. */
export const poolOf = (id) => id.replace(/\/(expert|drafter)$/, "");

/** Asks for the models again; throws what the gateway says. */
export async function loadModels() {
  const list = await getJSON("v1/models");
  models = Array.isArray(list?.data) ? list.data.filter((model) => typeof model?.id === "string") : [];
  const select = byId("model");
  const before = select.value;
  const names = { expert: "the expert alone", drafter: "the drafter alone" };
  select.replaceChildren(...models.map(({ id }) =>
    el("option", { value: id }, part(id) ? `${poolOf(id)}: ${names[part(id)]}` : `${id}: drafter and expert`)));
  if (models.length === 0) select.append(el("option", { value: "" }, "no model is ready yet"));
  if (models.some((model) => model.id === before)) select.value = before;
  showModel();
}

function showModel() {
  const model = chosen();
  const alone = model && part(model.id);
  const { drafter, expert } = model?.cascade ?? {};
  let words = "A pool is a drafter and an expert that work together.";
  if (alone) words = `Only the ${alone} answers${model.cascade?.[alone] ? `: ${model.cascade[alone]}` : ""}; no rule applies.`;
  else if (drafter && expert) words = `${drafter} drafts, ${expert} checks.`;
  setText(byId("model-hint"), words);
  const standard = model?.cascade?.rule;
  setText(byId("rule").options[0], standard ? `the pool's (${standard})` : "the pool's");
  byId("rule").disabled = Boolean(alone);
  byId("draft-length").disabled = Boolean(alone);
  showRule();
}

/** The rule in force, and whether the form names it itself. */
function ruleInForce() {
  const named = byId("rule").value;
  return { name: named || chosen()?.cascade?.rule, isNamed: named !== "" };
}

function showRule() {
  const { name, isNamed } = ruleInForce();
  const rule = ruleNamed(name);
  const [slider, input] = [byId("alpha-slider"), byId("alpha")];
  const isFree = isNamed && Boolean(rule?.alpha) && !byId("rule").disabled;
  slider.disabled = input.disabled = !isFree;
  if (rule?.alpha) {
    const { least, most, standard } = rule.alpha;
    slider.min = least;
    slider.max = most;
    const own = chosen()?.cascade?.alpha;
    const value = isNamed || typeof own !== "number" ? standard : own;
    slider.value = input.value = value;
    setText(byId("alpha-hint"), isFree
      ? `From ${least} to ${most}. A larger alpha ${rule.larger}.`
      : "Choose a rule to set its alpha.");
  } else {
    input.value = "";
    setText(byId("alpha-hint"), isNamed ? "This rule has no alpha." : "Choose a rule to set its alpha.");
  }
  showHint();
}

function showHint() {
  const { name } = ruleInForce();
  let words = ruleNamed(name)?.meaning ?? "The rule decides which drafted tokens stand.";
  if (needsChance(name) && Number(byId("temperature").value) === 0) {
    words += " At temperature 0 it does nothing.";
  }
  setText(byId("rule-hint"), words);
}

function couple(slider, input) {
  slider.addEventListener("input", () => { input.value = slider.value; });
  input.addEventListener("input", () => { if (input.value !== "") slider.value = input.value; });
}

export function installSettings() {
  const select = byId("rule");
  select.append(el("option", { value: "" }, "the pool's"));
  for (const rule of rules) select.append(el("option", { value: rule.name, title: rule.meaning }, rule.name));
  couple(byId("alpha-slider"), byId("alpha"));
  couple(byId("temperature-slider"), byId("temperature"));
  byId("model").addEventListener("change", showModel);
  select.addEventListener("change", showRule);
  for (const id of ["temperature", "temperature-slider"]) byId(id).addEventListener("input", showHint);
  byId("settings").addEventListener("submit", (event) => event.preventDefault());
  // Narrow screens show the conversation first.
  if (matchMedia("(max-width: 899px)").matches) byId("settings-box").open = false;
  showRule();
}

/** Whether the form can be sent; shows what is wrong where it cannot. */
export function settingsAreValid() {
  if (byId("settings").checkValidity()) return true;
  byId("settings-box").open = true;
  byId("settings").reportValidity();
  return false;
}

/** The request for these messages; `model` takes the place of the chosen one. */
export function completionRequest(messages, model = byId("model").value) {
  const request = {
    model, messages, stream: true, stream_options: { include_usage: true },
    temperature: Number(byId("temperature").value),
    max_completion_tokens: Number(byId("max-tokens").value),
    cascade: { tokens: true },
  };
  if (byId("seed").value !== "") request.seed = Number(byId("seed").value);
  if (part(model)) return request;
  const { name, isNamed } = ruleInForce();
  if (isNamed) {
    request.cascade.rule = name;
    if (ruleNamed(name).alpha && byId("alpha").value !== "") request.cascade.alpha = Number(byId("alpha").value);
  }
  const length = byId("draft-length").value;
  if (length !== "") request.cascade.num_speculative_tokens = length === "adaptive" ? length : Number(length);
  return request;
}

export const chosenModel = () => byId("model").value;

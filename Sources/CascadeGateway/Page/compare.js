// One prompt under the expert alone and under the rule, started together.

import { Answer } from "./answer.js";
import { byId, duration, plural, setText, whole } from "./dom.js";
import { chosenModel, completionRequest, poolOf, servedModels, settingsAreValid } from "./settings.js";
import { differingWords } from "./words.js";

let running = null;

function show() {
  byId("compare-run").disabled = running !== null;
  byId("compare-stop").disabled = running === null;
}

const share = (saved, of) => (of > 0 ? ` (${Math.round(100 * saved / of)} %)` : "");

/** More or less, in words that cannot be misread where the rule was the slower one. */
const signed = (value, text) => (value < 0 ? `−${text}` : text);

function showSavings(expert, rule, isEnd) {
  const now = (one) => one.milliseconds || performance.now() - one.begin;
  // While both run: the passes that the expert alone needs for as many tokens, which is one each.
  const needed = isEnd ? expert.passes : rule.tokenCount;
  const passes = needed - rule.passes;
  setText(byId("passes-saved"), signed(passes, `${whole(Math.abs(passes))}${share(passes, needed)}`));
  setText(byId("passes-detail"), isEnd
    ? `${whole(expert.passes)} alone, ${whole(rule.passes)} under the rule` : "so far, for the tokens under the rule");
  if (!isEnd && !expert.milliseconds) {
    setText(byId("time-saved"), "…");
    setText(byId("time-detail"), rule.milliseconds ? `the rule took ${duration(rule.milliseconds)}` : "both are running");
    return;
  }
  const time = now(expert) - now(rule);
  setText(byId("time-saved"), signed(time, `${duration(Math.abs(time))}${share(time, now(expert))}`));
  setText(byId("time-detail"), `${duration(now(expert))} alone, ${duration(now(rule))} under the rule`);
}

function showWords(expert, rule) {
  const found = differingWords(expert.content, rule.content);
  expert.tokens.mark(found.first);
  rule.tokens.mark(found.second);
  const count = Math.max(found.first.length, found.second.length);
  setText(byId("words-differ"), whole(count));
  const chance = Number(byId("temperature").value) > 0 ? " Above temperature 0, chance alone makes some differ." : "";
  setText(byId("words-detail"), count === 0
    ? "Both answers have the same words."
    : `${plural(found.common, "word")} in common; a wavy frame marks the others.${chance}`);
}

function fail(words) {
  setText(byId("compare-said"), words);
  setText(byId("passes-detail"), words);
  for (const id of ["passes-saved", "time-saved", "words-differ"]) setText(byId(id), "–");
  for (const id of ["time-detail", "words-detail"]) setText(byId(id), "not known");
}

async function run(text) {
  if (chosenModel() === "") return fail("No model is ready yet.");
  const pool = poolOf(chosenModel());
  const alone = `${pool}/expert`;
  if (!servedModels().some((model) => model.id === alone)) {
    return fail(`The gateway does not serve the expert of ${pool} alone.`);
  }
  running = new AbortController();
  show();
  setText(byId("compare-said"), "Both answers begin.");
  setText(byId("words-differ"), "…");
  setText(byId("words-detail"), "when both are done");
  const messages = [{ role: "user", content: text }];
  const requests = [completionRequest(messages, alone), completionRequest(messages, pool)];
  const expert = new Answer(byId("answer-expert"), "Answer of the expert alone");
  const rule = new Answer(byId("answer-rule"), "Answer under the rule");
  setText(byId("side-rule"), requests[1].cascade.rule ? `Under ${requests[1].cascade.rule}` : "Under the pool's rule");
  const clock = setInterval(() => showSavings(expert, rule, false), 250);
  await Promise.all([expert.run(requests[0], running.signal), rule.run(requests[1], running.signal)]);
  clearInterval(clock);
  running = null;
  show();
  if (expert.isComplete && rule.isComplete) {
    showSavings(expert, rule, true);
    showWords(expert, rule);
    setText(byId("compare-said"),
      `Both are complete. Expert passes saved: ${byId("passes-saved").textContent}. `
      + `Time saved: ${byId("time-saved").textContent}. Words that differ: ${byId("words-differ").textContent}.`);
  } else {
    const error = expert.error ?? rule.error;
    fail(error ? `No comparison: ${error.message}` : "Stopped before both were complete.");
  }
}

export function installCompare() {
  const prompt = byId("compare-prompt");
  byId("compare-ask").addEventListener("submit", (event) => {
    event.preventDefault();
    const text = prompt.value.trim();
    if (text !== "" && running === null && settingsAreValid()) run(text);
  });
  prompt.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    byId("compare-ask").requestSubmit();
  });
  byId("compare-stop").addEventListener("click", () => running?.abort());
  show();
}

// The conversation.

import { Answer } from "./answer.js";
import { byId, el, setText } from "./dom.js";
import { chosenModel, completionRequest, settingsAreValid } from "./settings.js";
import { summary } from "./tokens.js";

/** Finished turns, as the next request has them. */
let history = [];
let running = null;

function show() {
  byId("send").disabled = running !== null;
  byId("stop").disabled = running === null;
  byId("new-chat").disabled = byId("turns").childElementCount === 0;
  byId("chat-empty").hidden = byId("turns").childElementCount > 0;
}

function addTurn(who, kind) {
  const body = el("div");
  const turn = el("li", { class: `turn card ${kind}` }, el("h2", {}, who), body);
  byId("turns").append(turn);
  scrollTo({ top: document.documentElement.scrollHeight, behavior: "instant" });
  return { turn, body };
}

async function send(text) {
  if (running !== null || !settingsAreValid()) return false;
  if (chosenModel() === "") {
    setText(byId("chat-said"), "No model is ready yet.");
    return false;
  }
  const messages = [...history, { role: "user", content: text }];
  addTurn("You", "asked").body.append(el("p", { class: "said" }, text));
  const { turn, body } = addTurn(chosenModel(), "answered");
  await answer(messages, turn, body);
  return true;
}

async function answer(messages, turn, body) {
  const control = new AbortController();
  running = control;
  show();
  setText(byId("chat-said"), "The answer begins.");
  const one = new Answer(body, "Answer");
  await one.run(completionRequest(messages), control.signal);
  if (running !== control) return;
  running = null;
  show();
  setText(byId("chat-said"), one.error ? one.error.message : one.isStopped ? "Stopped." : summary(one.tokenCount, one.passes));
  if (one.error === null) {
    history = one.content === "" ? messages : [...messages, { role: "assistant", content: one.content }];
    return;
  }
  // What failed is not part of the conversation, but can be asked again.
  const again = el("button", { type: "button", class: "again" }, "Try again");
  again.addEventListener("click", () => {
    if (running === null && settingsAreValid()) answer(messages, turn, body);
  });
  body.append(again);
}

/** Follows the answer while the reader is at its end, and leaves alone who has scrolled away. */
function installFollowing() {
  let isAtEnd = true;
  const root = document.documentElement;
  addEventListener("scroll", () => {
    isAtEnd = root.scrollTop + innerHeight >= root.scrollHeight - 40;
  }, { passive: true });
  new ResizeObserver(() => {
    if (isAtEnd && byId("turns").childElementCount > 0 && !byId("view-chat").hidden) scrollTo({ top: root.scrollHeight, behavior: "instant" });
  }).observe(byId("turns"));
}

export function installChat() {
  installFollowing();
  const prompt = byId("prompt");
  byId("ask").addEventListener("submit", (event) => {
    event.preventDefault();
    const text = prompt.value.trim();
    if (text === "" || running !== null) return;
    send(text);
    if (running !== null) prompt.value = "";
  });
  prompt.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    byId("ask").requestSubmit();
  });
  byId("stop").addEventListener("click", () => {
    running?.abort();
    prompt.focus();
  });
  byId("new-chat").addEventListener("click", () => {
    const before = running;
    running = null;
    before?.abort();
    history = [];
    byId("turns").replaceChildren();
    setText(byId("chat-said"), "A new conversation begins.");
    show();
    prompt.focus();
  });
  show();
}

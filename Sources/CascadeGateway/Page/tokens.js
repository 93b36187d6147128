// Tokens of an answer: coloured by origin, with the evidence behind each on hover and on focus.

import { byId, el, fixed, plural } from "./dom.js";

const origins = {
  matched: ["accepted by the coin", "The drafter proposed it, and it passed the test against the expert.",
    "drafted; passed a random test against the expert"],
  kept: ["kept by the rule", "The drafter proposed it, and the rule let it stand without the test.",
    "drafted; the rule let it stand without the test"],
  expert: ["the expert's own", "The expert wrote it.", "written by the expert"],
};

const decisions = {
  matched: origins.matched[1],
  kept: origins.kept[1],
  recovered: "The expert wrote it in the place of a drafted token that did not stand.",
  bonus: "The expert wrote it where nothing was drafted, or after a draft that stood as a whole.",
};

/** Fills the legends of the page. */
export function installLegends() {
  for (const box of document.querySelectorAll("[data-legend]")) {
    const list = el("ul", { "aria-label": "Where a token comes from" });
    for (const [origin, [name, , short]] of Object.entries(origins)) {
      list.append(el("li", {}, el("span", { class: `token ${origin}` }, name), el("span", { class: "hint" }, short)));
    }
    box.append(list);
  }
}

const known = new WeakMap();

/** The text of one answer, token by token, in an element. */
export class TokenText {
  #queue = [];
  #pending = "";

  constructor(box) {
    this.box = box;
    this.count = 0;
    this.passes = 0;
    this.text = "";
    box.addEventListener("keydown", (event) => this.#move(event));
  }

  /** Adds what a chunk brought. The text leads: a token may be half a character, whose rest comes later. */
  add(content, tokens) {
    this.#pending += content;
    this.text += content;
    for (const token of tokens) {
      this.#queue.push({ ...token, text: String(token.text ?? "") });
      this.count += 1;
      if (typeof token.round === "number") this.passes = Math.max(this.passes, token.round);
      else if (token.origin === "expert") this.passes += 1;
    }
    this.#drain(false);
  }

  finish() {
    this.#drain(true);
    this.#queue = [];
  }

  #drain(isEnd) {
    while (this.#queue.length > 0) {
      const text = this.#queue[0].text;
      if (this.#pending.startsWith(text)) {
        this.#emit(text.length, 1);
        continue;
      }
      if (!isEnd && text.startsWith(this.#pending)) return;
      if (isEnd && this.#pending === "") return;
      // Tokens with parts of a character share its text, up to the next token that can be found.
      const next = text.includes("\ufffd")
        ? this.#queue.findIndex((token) => token.text !== "" && !token.text.includes("\ufffd")) : -1;
      const end = next > 0 ? this.#pending.indexOf(this.#queue[next].text) : -1;
      if (end > 0) this.#emit(end, next);
      else if (text.includes("\ufffd") && !isEnd && next < 0 && this.#pending === "") return;
      else this.#emit(this.#pending.length, this.#queue.length);
    }
    if (this.#pending !== "") this.#emit(this.#pending.length, 0);
  }

  /** Shows so many characters as those of so many tokens. */
  #emit(length, count) {
    const text = this.#pending.slice(0, length);
    this.#pending = this.#pending.slice(length);
    const tokens = this.#queue.splice(0, count);
    if (text === "") return;
    const origin = tokens[0]?.origin;
    const span = el("span", { class: origin in origins ? `token ${origin}` : "token" }, text);
    if (tokens.length > 0) {
      known.set(span, tokens);
      span.tabIndex = this.box.querySelector("[tabindex]") ? -1 : 0;
    }
    this.box.append(span);
  }

  /** One stop of the Tab key for the whole answer; arrows go from token to token. */
  #move(event) {
    const here = event.target.closest(".token");
    const all = [...this.box.querySelectorAll(".token[tabindex]")];
    const at = all.indexOf(here);
    if (at < 0) return;
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: all.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const target = all[Math.max(0, Math.min(all.length - 1, to))];
    here.tabIndex = -1;
    target.tabIndex = 0;
    target.focus();
  }

  /** Marks the tokens that touch one of the ranges of characters. */
  mark(ranges) {
    let start = 0;
    for (const span of this.box.children) {
      const end = start + span.textContent.length;
      const from = start;
      span.classList.toggle("differs", ranges.some((range) => range.start < end && range.end > from));
      start = end;
    }
  }
}

// MARK: Evidence

let shown = null;

function hide() {
  byId("evidence").hidden = true;
  shown?.removeAttribute("aria-describedby");
  shown = null;
}

function show(span) {
  const tokens = known.get(span);
  if (!tokens || span === shown) return;
  hide();
  shown = span;
  const panel = byId("evidence");
  panel.replaceChildren(...tokens.flatMap(explain));
  panel.hidden = false;
  span.setAttribute("aria-describedby", "evidence");
  place(panel, span);
}

function place(panel, span) {
  // On narrow screens the style sheet puts it at the bottom.
  const place = span.getClientRects()[0];
  if (!place || innerWidth < 640) {
    panel.style.removeProperty("left");
    panel.style.removeProperty("top");
    return;
  }
  const { width, height } = panel.getBoundingClientRect();
  const below = place.bottom + 8;
  const top = below + height < innerHeight ? below : Math.max(8, place.top - height - 8);
  panel.style.left = `${Math.max(8, Math.min(place.left, innerWidth - width - 8))}px`;
  panel.style.top = `${top}px`;
}

const number = (value) =>
  typeof value !== "number" ? null : value !== 0 && Math.abs(value) < 0.001 ? value.toExponential(1) : fixed(value, 3);

const quoted = (text) => `“${String(text).replaceAll("\n", "↵")}”`;

function rows(pairs) {
  const list = el("dl");
  for (const [name, value] of pairs) {
    if (value !== null && value !== undefined) list.append(el("div", {}, el("dt", {}, name), el("dd", {}, value)));
  }
  return list.childElementCount > 0 ? [list] : [];
}

/** What is known of a token, in words and numbers. */
function explain(token) {
  const parts = [
    el("p", { class: "evidence-head" },
      el("strong", {}, quoted(token.text)), ` ${origins[token.origin]?.[0] ?? "of unknown origin"}`),
    el("p", {}, decisions[token.decision] ?? origins[token.origin]?.[1] ?? ""),
  ];
  const drafted = token.drafted;
  if (drafted && token.origin === "expert" && drafted.text !== undefined) {
    parts.push(el("p", {}, `The drafter had proposed ${quoted(drafted.text)}.`));
  }
  const evidence = drafted?.evidence;
  const gate = drafted?.gate;
  parts.push(...rows([
    ["round of draft and check", token.round],
    ["token number", token.id ?? token.token],
    ["drafted by", { model: "the drafter", lookup: "copying the text before" }[drafted?.source] ?? null],
    ["drafted token's probability, drafter", number(drafted?.probability)],
    ["the same, expert", number(evidence?.probability)],
    ["chance to pass the test", number(evidence?.ratio)],
    ["coin", number(drafted?.coin)],
    ["drafter's favourite", number(gate?.maximum)],
    ["expert's favourite", number(evidence?.gate_maximum)],
    ["expert on it, as the rule reads it", number(evidence?.gate_probability)],
    ["drafter's uncertainty (nats)", number(gate?.entropy)],
    ["expert's uncertainty (nats)", number(evidence?.entropy)],
    ["drafter's mass that the rule keeps", number(evidence?.kept_mass)],
    ["chance of a rejection here", number(evidence?.reject_mass)],
    ["expert's token after a rejection", evidence?.residual],
  ]));
  return parts;
}

/** Shows evidence for all answers of the page. */
export function installEvidence() {
  const token = (event) => (event.target instanceof Element ? event.target.closest(".token") : null);
  const focused = () => document.activeElement?.closest?.(".token");
  document.addEventListener("mouseover", (event) => {
    const span = token(event) ?? focused();
    if (span && known.has(span)) show(span);
    else hide();
  });
  document.addEventListener("focusin", (event) => {
    const span = token(event);
    if (span) show(span);
    else hide();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") hide();
  });
  document.addEventListener("scroll", () => {
    if (shown) place(byId("evidence"), shown);
  }, { passive: true });
}

/** How many tokens came from where, for readers of the screen. */
export const summary = (tokens, passes) =>
  `The answer is complete: ${plural(tokens, "token")}, ${plural(passes, "expert pass", "expert passes")}.`;

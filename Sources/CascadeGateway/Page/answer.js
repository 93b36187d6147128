// One answer while it streams: its tokens, and a line of figures under them.

import { events } from "./api.js";
import { duration, el, fixed, plural, setText } from "./dom.js";
import { TokenText } from "./tokens.js";

const endings = {
  length: "The limit of tokens is reached.",
  content_filter: "A filter ended the answer.",
  cancelled: "The job was cancelled.",
  error: "The answer failed.",
};

/** An answer and what it took. */
export class Answer {
  constructor(box, label) {
    this.text = el("div", { class: "answer", role: "group", "aria-label": `${label}; arrow keys go from token to token` });
    this.figures = el("p", { class: "figures" }, "waiting…");
    this.note = el("p", { class: "answer-note" });
    box.replaceChildren(this.text, this.figures, this.note);
    this.tokens = new TokenText(this.text);
    this.begin = performance.now();
    this.first = null;
    this.milliseconds = 0;
    this.ending = null;
    this.cascade = null;
    this.usage = null;
    this.error = null;
    this.isStopped = false;
  }

  get content() { return this.tokens.text; }
  get tokenCount() { return this.usage?.completion_tokens ?? this.tokens.count; }
  get passes() { return this.cascade?.expert_passes ?? this.tokens.passes; }
  get isComplete() { return this.ending !== null && this.error === null && !this.isStopped; }

  /** Streams the answer; errors end up in `error`, not with the caller. */
  async run(request, signal) {
    this.begin = performance.now();
    const clock = setInterval(() => this.#showFigures(), 250);
    try {
      for await (const chunk of events("v1/chat/completions", request, signal)) this.#take(chunk);
      if (this.ending === null) this.error = new Error("The answer ended without saying why.");
    } catch (error) {
      if (signal.aborted) this.isStopped = true;
      else this.error = error;
    }
    clearInterval(clock);
    this.milliseconds = performance.now() - this.begin;
    this.tokens.finish();
    this.#showFigures(true);
    this.#showEnd();
    return this;
  }

  #take(chunk) {
    const choice = chunk.choices?.[0];
    if (choice) {
      const content = choice.delta?.content;
      const tokens = choice.cascade?.tokens;
      if (content || tokens?.length) {
        this.first ??= performance.now() - this.begin;
        this.tokens.add(typeof content === "string" ? content : "", Array.isArray(tokens) ? tokens : []);
      }
      if (choice.finish_reason) this.ending = choice.finish_reason;
    }
    if (chunk.usage) this.usage = chunk.usage;
    if (chunk.cascade) this.cascade = chunk.cascade;
    if (chunk.metrics?.speculative_decoding) this.speculation = chunk.metrics.speculative_decoding;
    this.#showFigures();
  }

  #showFigures(isEnd = false) {
    const elapsed = isEnd ? this.milliseconds : performance.now() - this.begin;
    const count = this.tokenCount;
    if (count === 0) {
      return setText(this.figures, isEnd ? "No tokens." : `waiting… ${duration(elapsed)}`);
    }
    const about = this.cascade || this.tokens.count === 0 ? "" : "about ";
    const parts = [
      plural(count, "token"), `${fixed(1000 * count / elapsed)} tokens/s`,
      `${about}${fixed(this.passes / count, 2)} expert passes/token`,
    ];
    if (isEnd) {
      parts.push(`${duration(elapsed)} in all`);
      if (this.first !== null) parts.push(`first token after ${duration(this.first)}`);
    }
    setText(this.figures, parts.join(" · "));
  }

  #showEnd() {
    const lines = [];
    const told = this.cascade;
    if (told) {
      const rule = typeof told.alpha === "number" ? `${told.rule}, alpha ${told.alpha}` : told.rule;
      let line = `Rule ${rule}: ${told.drafted} drafted, ${told.matched} matched, ${told.kept} kept; `
        + `${told.recovered + told.bonus} by the expert.`;
      if (told.relaxed > 0) {
        line += ` Relaxed: ${plural(told.relaxed, "token stands", "tokens stand")} that lossless would have rejected.`;
      }
      const length = this.speculation?.mean_acceptance_length;
      if (typeof length === "number") line += ` ${fixed(length, 2)} tokens per check on average.`;
      if (told.seed !== undefined && told.seed !== null) line += ` Seed ${told.seed}.`;
      lines.push(line);
      if (told.synthetic) lines.push("Nodes without a model made this text up.");
    }
    if (this.isStopped) lines.push("You stopped this answer.");
    else if (this.ending in endings) lines.push(endings[this.ending]);
    if (this.error) lines.push(this.error.message);
    this.note.classList.toggle("failed", this.error !== null);
    setText(this.note, lines.join(" "));
  }
}

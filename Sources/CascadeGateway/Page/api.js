// Talks with the gateway: keys, errors in words, event streams, and what happens while the gateway is away.

import { byId, plural } from "./dom.js";

const STORED = "cascade-api-key";

/** An error that the page can show as it is. */
export class GatewayProblem extends Error {
  constructor(message, { status = 0, code = null, retryAfter = null } = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.retryAfter = retryAfter;
  }
}

// MARK: Keys

const storage = {
  get() {
    try { return sessionStorage.getItem(STORED) ?? ""; } catch { return ""; }
  },
  set(key) {
    try { sessionStorage.setItem(STORED, key); } catch { /* Kept in memory below. */ }
  },
};
let key = storage.get();
let asking = null;

/** Asks for a key, once for all who need one at the same time; resolves to whether there is a new one. */
export function askForKey(words = "This gateway wants an API key.") {
  asking ??= new Promise((resolve) => {
    const dialog = byId("key-dialog");
    byId("key-words").textContent = words;
    byId("change-key").hidden = false;
    byId("key").value = "";
    dialog.returnValue = "";
    dialog.addEventListener("close", () => {
      const given = byId("key").value.trim();
      const isNew = dialog.returnValue === "save" && given !== "";
      if (isNew) {
        key = given;
        storage.set(given);
      }
      byId("key").value = "";
      asking = null;
      resolve(isNew);
    }, { once: true });
    dialog.showModal();
  });
  return asking;
}

export function installKeyDialog(changed) {
  byId("key-cancel").addEventListener("click", () => byId("key-dialog").close());
  byId("change-key").hidden = key === "";
  byId("change-key").addEventListener("click", async () => {
    if (await askForKey("Enter another API key.")) changed();
  });
}

// MARK: A gateway that is away

const returns = new Set();
let isLost = false;
let attempt = 0;
let timer = null;

/** Calls back whenever the gateway answers again after it was away. */
export const onReturn = (callback) => returns.add(callback);

function lost() {
  if (isLost) return;
  isLost = true;
  attempt = 0;
  wait();
}

function wait() {
  const seconds = Math.min(2 ** attempt, 15);
  byId("lost-words").textContent =
    `The gateway does not answer. The page tries again in ${plural(seconds, "second")}.`;
  byId("lost").hidden = false;
  clearTimeout(timer);
  timer = setTimeout(probe, 1000 * seconds);
}

async function probe() {
  clearTimeout(timer);
  if (document.visibilityState !== "visible") return;
  try {
    await fetch("health", { cache: "no-store", signal: AbortSignal.timeout(5000) });
    found();
  } catch {
    attempt += 1;
    wait();
  }
}

function found() {
  if (!isLost) return;
  isLost = false;
  clearTimeout(timer);
  byId("lost").hidden = true;
  for (const callback of returns) callback();
}

export function installLostNotice() {
  byId("lost-now").addEventListener("click", probe);
  document.addEventListener("visibilitychange", () => {
    if (isLost && document.visibilityState === "visible") probe();
  });
}

// MARK: Requests

async function problem(response) {
  let error = {};
  try { error = (await response.json())?.error ?? {}; } catch { /* No JSON: the status has to do. */ }
  const retryAfter = Number(response.headers.get("retry-after")) || null;
  let message = typeof error.message === "string" && error.message !== ""
    ? error.message : `The gateway answered with status ${response.status}.`;
  if (retryAfter) message += ` Try again in ${plural(retryAfter, "second")}.`;
  return new GatewayProblem(message, { status: response.status, code: error.code ?? null, retryAfter });
}

/** The response of a request that went well; asks for a key where one is needed. */
async function request(path, { body, signal, asks = true } = {}) {
  for (let used = key; ; used = key) {
    const headers = {};
    if (used !== "") headers.Authorization = `Bearer ${used}`;
    if (body !== undefined) headers["Content-Type"] = "application/json";
    let response;
    try {
      response = await fetch(path, {
        method: body === undefined ? "GET" : "POST", headers, signal, cache: "no-store", credentials: "omit",
        body: body === undefined ? undefined : JSON.stringify(body),
      });
    } catch (error) {
      if (error.name === "AbortError" || error.name === "TimeoutError" && signal?.aborted) throw error;
      lost();
      throw new GatewayProblem("The gateway does not answer.", { code: "lost" });
    }
    found();
    if (response.ok) return response;
    const told = await problem(response);
    if (told.status !== 401 || !asks) throw told;
    byId("change-key").hidden = false;
    // Another request may have got a new key meanwhile.
    if (used !== key) continue;
    const words = used === "" ? "This gateway wants an API key." : "The gateway does not know this API key.";
    if (!(await askForKey(words))) throw told;
  }
}

/** What a path answers, as JSON. */
export async function getJSON(path, options = {}) {
  const response = await request(path, options);
  try {
    return await response.json();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new GatewayProblem("The gateway's answer is not JSON.");
  }
}

export const postJSON = (path, body, options = {}) => getJSON(path, { ...options, body });

/** The data of each event of a text/event-stream, as it is parsed; ends at `[DONE]`. */
export async function* events(path, body, signal) {
  const response = await request(path, { body, signal });
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  let data = [];
  try {
    for (;;) {
      let part;
      try {
        part = await reader.read();
      } catch (error) {
        if (error.name === "AbortError") throw error;
        lost();
        throw new GatewayProblem("The connection broke off in the middle of the answer.", { code: "lost" });
      }
      rest += part.done ? decoder.decode() + "\n\n" : decoder.decode(part.value, { stream: true });
      const lines = rest.split(/\r\n|\n|\r(?!$)/);
      rest = lines.pop();
      for (const line of lines) {
        if (line === "") {
          const text = data.join("\n");
          data = [];
          if (text === "[DONE]") return;
          if (text !== "") yield parse(text);
        } else if (line.startsWith("data:")) {
          data.push(line.slice(line[5] === " " ? 6 : 5));
        }
        // Other fields and comments, such as ": ping", keep the connection alive and say nothing.
      }
      if (part.done) throw new GatewayProblem("The answer broke off: the gateway closed the stream.");
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

function parse(text) {
  let event;
  try {
    event = JSON.parse(text);
  } catch {
    throw new GatewayProblem("The gateway sent an event that is not JSON.");
  }
  if (event?.error) {
    throw new GatewayProblem(event.error.message ?? "The answer failed.", { code: event.error.code ?? null });
  }
  return event;
}

// @ts-check
/** What the two test pages share: who is here, a channel of one's own, the log of what happens, and the log's truth. */

import { BASE, ask, authorization, element } from "./page.js";

export const LINES_SHOWN = 300;

/** @typedef {import("./page.js").Json} Json  what came over the wire */
/** @typedef {"good" | "wait" | "bad" | "none"} Light */

const LIGHTS = { good: "🟢", wait: "🟡", bad: "🔴", none: "⚪" };

/** Show a light and its words; the words alone say everything, for who does not see the light.
 * @param {HTMLElement} node @param {Light} light @param {string} text */
export function show(node, light, text) {
  node.dataset.light = light;
  const sign = document.createElement("span");
  sign.ariaHidden = "true";
  sign.className = "light";
  sign.textContent = LIGHTS[light];
  node.replaceChildren(sign, ` ${text}`);
}

const began = performance.now();

/** Add a line to the log; what is too old leaves it. @param {string} text @param {Light} [light] */
export function log(text, light = "none") {
  const lines = element("log", HTMLElement);
  const atEnd = lines.scrollHeight - lines.scrollTop - lines.clientHeight < 40;
  const line = document.createElement("li");
  const time = document.createElement("time");
  time.textContent = `${((performance.now() - began) / 1000).toFixed(2)} s`;
  const said = document.createElement("span");
  show(said, light, text);
  line.append(time, said);
  lines.append(line);
  while (lines.children.length > LINES_SHOWN) lines.firstElementChild?.remove();
  if (atEnd) lines.scrollTop = lines.scrollHeight;
}

/** The client, or null where the server does not have it: then the page has said so. @returns {Json | null} */
export function client() {
  const found = /** @type {Json} */ (globalThis).Headway ?? null;
  if (!found) warn("This server was started without the browser's client: /headway.js is missing. Run `make setup` in the checkout and start the server again.");
  return found;
}

/** @param {string} text @param {boolean} [signIn] */
export function warn(text, signIn = false) {
  const notice = element("warning", HTMLElement);
  notice.replaceChildren(text);
  if (signIn) {
    const link = document.createElement("a");
    link.href = new URL(`sign-in?${new URLSearchParams({ to: location.pathname })}`, BASE).href;
    link.textContent = "Sign in";
    notice.append(" ", link);
  }
  notice.hidden = false;
}

/** Say what is missing, if something is: a sign-in, or a token, or a channel that may be published to. */
export async function greet() {
  try {
    const ways = (await ask("api/sign-in")).body;
    if (ways.open) return;
    element("token-field", HTMLElement).hidden = false;
    const { status, body } = await ask("api/me", { token: token() });
    if (status !== 200) {
      warn("This server wants to know who you are: sign in, or paste a token below.".replace(ways.sign_in ? "" : "sign in, or ", ""), ways.sign_in);
    } else if (body.publish.length === 0) {
      warn("You may read here, but publish to no channel; these tests publish. Ask for a token that may.");
    } else if (!body.publish.includes("*")) {
      warn(`You may publish to ${body.publish.join(", ")}: choose such a channel below.`);
    }
  } catch {
    warn("The server does not answer.");
  }
}

/** @returns {string} */
export function token() {
  return element("token", HTMLInputElement).value.trim();
}

/** @returns {string} */
export function channel() {
  return element("channel", HTMLInputElement).value.trim();
}

/** Works on pages without TLS too, where `crypto.randomUUID` does not exist. */
export function newId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** @param {string} name @param {string} [since] */
function eventsPath(name, since) {
  return `api/channels/${encodeURIComponent(name)}/events${since === undefined ? "" : `?${new URLSearchParams({ since, wait: "0" })}`}`;
}

/** Where a channel's log ends now. Throws with the server's sentence. @param {string} name @returns {Promise<string>} */
export async function head(name) {
  const { status, body } = await ask(`${eventsPath(name)}?wait=0`, { token: token() });
  if (status !== 200) throw new Error(body.error.message);
  return body.position;
}

/** What the log holds after a position. @param {string} name @param {string} since @returns {Promise<Json[]>} */
export async function logged(name, since) {
  const events = [];
  for (let more = true; more; ) {
    const { status, body } = await ask(eventsPath(name, since), { token: token() });
    if (status !== 200) throw new Error(body.error.message);
    events.push(...body.events);
    since = body.position;
    more = body.more;
  }
  return events;
}

/** Publish as a program would, by a request of its own; tried again it stores nothing twice.
 * @param {string} name @param {string} type @param {Json} data */
export async function publish(name, type, data) {
  const key = newId();
  for (let left = 5; ; left -= 1) {
    try {
      const answer = await fetch(new URL(eventsPath(name), BASE), {
        method: "POST",
        headers: { "content-type": "application/json", "idempotency-key": key, ...authorization(token()) },
        body: JSON.stringify({ type, data }),
      });
      if (answer.ok) return;
      const { error } = await answer.json();
      if (!error.retry || left === 0) throw new Error(error.message);
    } catch (error) {
      if (!(error instanceof TypeError) || left === 0) throw error;
    }
    await pause(500);
  }
}

/** @param {number} ms @returns {Promise<void>} */
export function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** @param {unknown} error */
export function sentence(error) {
  return error instanceof TypeError ? "The server cannot be reached." : error instanceof Error ? error.message : String(error);
}

/** What was heard, against what the log holds. @param {number[]} heard  offsets @param {number[]} held */
export function compared(heard, held) {
  const distinct = new Set(heard);
  return {
    lost: held.filter((offset) => !distinct.has(offset)).length,
    repeated: heard.length - distinct.size,
    disordered: heard.filter((offset, place) => place > 0 && offset < (heard[place - 1] ?? 0)).length,
  };
}

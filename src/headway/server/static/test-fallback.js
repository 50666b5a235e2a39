// @ts-check
/**
 * The fallback simulation: an import is followed through a network that fails at the press of a button. One client is
 * connected as long as the page is open; each import begins at the head of its channel, and what it heard of it is
 * compared with the log when the import is complete.
 */

import { BASE, element } from "./page.js";
import { Network } from "./network.js";
import { channel, client, compared, greet, head, log, logged, newId, pause, publish, sentence, show, token } from "./trials.js";

const ROW_MS = 50;
const PROMOTE_MS = 1_500; // 30 s by default: nobody would watch that long
const MOST_PROMOTE_MS = 6_000;
const FIRST_MS = 250;
const MOST_MS = 2_000;

/** @typedef {import("./page.js").Json} Json */
/** @typedef {import("./network.js").Carrier} Carrier */

/** @type {[Carrier, string][]} */
const RUNGS = [
  ["socketio", "Socket.IO"],
  ["websocket", "WebSocket"],
  ["eventsource", "Server-Sent Events"],
  ["polling", "HTTP polling"],
];
const NAMES = new Map(RUNGS);

const headway = client();
const network = new Network();
/** @type {Map<Carrier, HTMLElement>} */
const rungs = new Map();
/** What is being tried. @type {Set<Carrier>} */
const trying = new Set();

/** @type {Json | null} */
let connection = null;
let connectedAs = "";
let offline = false;
let importing = false;
let changes = 0;
let recoveries = 0;
let gaps = 0;
/** @type {string | undefined} */
let last;

// The client

/** The client, as whoever the token says. @returns {Json} */
function connected() {
  if (connection && connectedAs === token()) return connection;
  connection?.close();
  connectedAs = token();
  last = undefined;
  const made = (connection = /** @type {Json} */ (headway).connect(BASE, {
    ...network.ways(),
    token: token() || undefined,
    promoteDelay: PROMOTE_MS,
    maxPromoteDelay: MOST_PROMOTE_MS,
    reconnectDelay: FIRST_MS,
    maxReconnectDelay: MOST_MS,
  }));
  made.on("transport", (/** @type {Carrier | undefined} */ now) => onTransport(now));
  made.on("status", showLadder);
  made.on("recovered", (/** @type {Json} */ { transport }) => {
    put("recoveries", (recoveries += 1));
    log(`Recovered over ${nameOf(transport)}: goes on from where it stood`, "good");
  });
  made.on("gap", (/** @type {Json} */ gap) => {
    put("gaps", (gaps += 1));
    log(`Gap: the log no longer holds ${gap.lost ?? "some"} events`, "bad");
  });
  made.on("error", (/** @type {Error} */ error) => {
    log(error.message, "bad");
    showLadder();
  });
  return made;
}

/** @param {Carrier | undefined} now */
function onTransport(now) {
  if (now) {
    trying.delete(now);
    if (last && last !== now) put("changes", (changes += 1));
    log(last && last !== now ? `Changed from ${nameOf(last)} to ${nameOf(now)}` : `Connected over ${nameOf(now)}`, "good");
    last = now;
  } else if (connection?.status !== "offline") {
    log("No connection; trying what is left", "wait");
  }
  showLadder();
}

/** @param {string} transport */
function nameOf(transport) {
  return NAMES.get(/** @type {Carrier} */ (transport)) ?? transport;
}

// The ladder

function showLadder() {
  const current = connection?.transport;
  for (const [carrier, node] of rungs) {
    const blocked = network.blocked.has(carrier);
    const using = carrier === current;
    const light = using ? "good" : blocked ? "bad" : trying.has(carrier) ? "wait" : "none";
    node.dataset.light = light;
    show(part(node, ".outcome"), light, using ? "in use" : blocked ? "blocked" : light === "wait" ? "trying" : "ready");
    part(node, "button").ariaPressed = String(blocked);
  }
  const status = connection?.status ?? "idle";
  const live = status === "live" || status === "catching-up";
  const text = current ? `${status === "catching-up" ? "catching up" : status} over ${nameOf(current)}` : status === "idle" ? "not connected yet" : status === "offline" ? "offline" : "connecting";
  for (const id of ["status", "ladder-status"]) show(element(id, HTMLElement), live ? "good" : status === "idle" ? "none" : status === "offline" ? "bad" : "wait", text);
  element("offline", HTMLElement).ariaPressed = String(offline);
}

network.tried = (carrier, refused) => {
  if (refused) trying.delete(carrier);
  else if (connection?.transport !== carrier) trying.add(carrier);
  showLadder();
};

/** @param {Carrier} carrier @param {boolean} blocked */
function block(carrier, blocked) {
  if (blocked === network.blocked.has(carrier)) return;
  log(`${blocked ? "Blocked" : "Freed"} ${nameOf(carrier)}`, blocked ? "bad" : "none");
  trying.delete(carrier);
  if (blocked) network.block(carrier);
  else network.free(carrier);
  if (!blocked) online(); // something goes through again
  showLadder();
}

/** What a browser tells its pages when the cable is back. */
function online() {
  if (!offline) return;
  offline = false;
  dispatchEvent(new Event("online"));
}

function goOffline() {
  if (offline) return heal();
  offline = true;
  log("Offline: nothing goes through", "bad");
  for (const [carrier] of RUNGS) network.block(carrier);
  // What a browser tells its pages when the cable is pulled.
  dispatchEvent(new Event("offline"));
  showLadder();
}

function heal() {
  log("Healed: everything goes through again");
  for (const [carrier] of RUNGS) network.free(carrier);
  online();
  connection?.reconnect();
  showLadder();
}

function drop() {
  log("Dropped what was open", "bad");
  network.cut();
}

/** The seeds' test: an import, and in its middle no more Socket.IO. */
async function fallback() {
  heal();
  const done = importing ? Promise.resolve() : simulate();
  await until(() => connection?.transport === "socketio");
  block("socketio", true);
  await until(() => connection?.transport === "websocket");
  await done;
}

/** @param {() => boolean} holds */
async function until(holds) {
  for (let left = 200; !holds(); left -= 1) {
    if (left === 0) throw new Error("The ladder did not move within 10 s.");
    await pause(ROW_MS);
  }
}

// The import

async function simulate() {
  if (importing) return;
  importing = true;
  element("import", HTMLElement).ariaDisabled = "true";
  try {
    await followed(channel(), newId(), element("rows", HTMLInputElement).valueAsNumber);
  } finally {
    importing = false;
    element("import", HTMLElement).ariaDisabled = null;
  }
}

/** @param {string} name @param {string} session @param {number} rows */
async function followed(name, session, rows) {
  changes = recoveries = gaps = 0;
  for (const id of ["changes", "recoveries", "gaps", "published", "heard"]) put(id, 0);
  for (const id of ["lost", "repeated", "silence"]) put(id, "–");
  element("verdict", HTMLElement).replaceChildren();
  log(`Import of ${rows} rows begins`);
  const since = await head(name);
  const following = connected().channel(name, { since });
  try {
    /** @type {number[]} */
    const heard = [];
    let before = performance.now();
    let silence = 0;
    const complete = new Promise((resolve) =>
      following.on("*", (/** @type {Json} */ event) => {
        if (event.session !== session) return;
        heard.push(event.offset);
        silence = Math.max(silence, performance.now() - before);
        before = performance.now();
        put("heard", heard.length);
        put("silence", `${Math.round(silence)} ms`);
        showImport(event);
        if (event.type === "completion") resolve(undefined);
      }),
    );
    const refused = new Promise((_, reject) => following.onStatus(() => following.error && reject(following.error)));
    await Promise.race([work(name, session, rows).then(() => complete), refused]);
    const held = (await logged(name, since)).filter((event) => event.session === session).map((event) => event.offset);
    tell(heard, held);
  } finally {
    following.close();
    showLadder();
  }
}

/** What an import on the server would publish. @param {string} name @param {string} session @param {number} rows */
async function work(name, session, rows) {
  const counts = { succeeded: 0, failed: 0, skipped: 0 };
  for (let current = 1; current <= rows; current += 1) {
    counts[current % 10 === 7 ? "skipped" : "succeeded"] += 1;
    await publish(name, "progress", { session, current, total: rows, message: `user-${current}@example.org`, counts, status: "running" });
    put("published", current);
    await pause(ROW_MS);
  }
  await publish(name, "completion", { session, current: rows, total: rows, message: "all rows are in", counts, status: "completed" });
  put("published", rows + 1);
}

/** @param {number[]} heard @param {number[]} held */
function tell(heard, held) {
  const { lost, repeated, disordered } = compared(heard, held);
  put("lost", lost);
  put("repeated", repeated);
  const good = lost + repeated + disordered === 0;
  const text = `Import complete: ${held.length} events in the log, ${heard.length} heard, ${lost} lost, ${repeated} repeated, ${disordered} out of order.`;
  show(element("verdict", HTMLElement), good ? "good" : "bad", text);
  log(text, good ? "good" : "bad");
}

/** @param {Json} event */
function showImport(event) {
  const percent = Math.round((100 * event.current) / event.total);
  element("import-bar", HTMLProgressElement).value = percent;
  element("import-percent", HTMLElement).textContent = `${percent} %`;
  element("import-detail", HTMLElement).textContent = `${event.current} of ${event.total} · ${event.message} · ${event.counts.succeeded} succeeded, ${event.counts.skipped} skipped`;
}

// The document

/** @param {string} id @param {number | string} text */
function put(id, text) {
  element(id, HTMLElement).textContent = String(text);
}

/** @param {ParentNode} node @param {string} selector @returns {HTMLElement} */
function part(node, selector) {
  const found = node.querySelector(selector);
  if (found instanceof HTMLElement) return found;
  throw new Error(`the template has no ${selector}`);
}

/** Do it, and say why where it cannot be done. @param {() => unknown} doing */
async function attempt(doing) {
  if (!headway) return;
  if (!element("settings", HTMLFormElement).reportValidity()) return;
  try {
    await doing();
  } catch (error) {
    log(sentence(error), "bad");
    show(element("verdict", HTMLElement), "bad", sentence(error));
  }
}

for (const [carrier, name] of RUNGS) {
  const node = element("rung", HTMLTemplateElement).content.firstElementChild?.cloneNode(true);
  if (!(node instanceof HTMLElement)) throw new Error("the template #rung is empty");
  part(node, ".name").textContent = name;
  const button = part(node, "button");
  button.textContent = `Block ${name}`;
  button.addEventListener("click", () => block(carrier, !network.blocked.has(carrier)));
  element("rungs", HTMLElement).append(node);
  rungs.set(carrier, node);
}
element("channel", HTMLInputElement).value = `session-${newId()}`;
element("settings", HTMLFormElement).addEventListener("submit", (submit) => {
  submit.preventDefault();
  attempt(simulate);
});
element("token", HTMLInputElement).addEventListener("change", greet);
element("fallback", HTMLElement).addEventListener("click", () => attempt(fallback));
element("drop", HTMLElement).addEventListener("click", drop);
element("offline", HTMLElement).addEventListener("click", goOffline);
element("heal", HTMLElement).addEventListener("click", heal);
element("clear", HTMLElement).addEventListener("click", () => element("log", HTMLElement).replaceChildren());
showLadder();
if (headway) greet();
else show(element("status", HTMLElement), "bad", "the client is missing");

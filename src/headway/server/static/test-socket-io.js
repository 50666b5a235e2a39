// @ts-check
/**
 * The connection tests: each transport by itself, from connecting to disconnecting, with figures; and an import that is
 * followed over all of them. Times are of this browser's clock, and include the server's commit to its log.
 */

import { BASE, element } from "./page.js";
import { channel, client, compared, greet, head, log, logged, newId, pause, publish, sentence, show, token } from "./trials.js";
import { socketIo } from "./socketio.js";

const ROUNDS = 5;
const PATIENCE_MS = 15_000; // as long as the client itself waits for an answer
const ROWS = 40;
const ROW_MS = 50;

/** @typedef {import("./page.js").Json} Json */
/** @typedef {{button: string, name: string, transport: string, polling?: boolean}} Trial */

/** @type {Trial[]} */
const TRIALS = [
  { button: "Test Socket.IO Connection", name: "Socket.IO", transport: "socketio" },
  { button: "Test Socket.IO over Polling", name: "Socket.IO over polling", transport: "socketio", polling: true },
  { button: "Test WebSocket Connection", name: "WebSocket", transport: "websocket" },
  { button: "Test Server-Sent Events", name: "Server-Sent Events", transport: "eventsource" },
  { button: "Test HTTP Polling", name: "HTTP polling", transport: "polling" },
];

const FIGURES = ["Connect", "First event", "Round trip", "Disconnect"];

const headway = client();

/** Run one test, and show it. Returns whether it passed. @param {Trial} trial @param {HTMLElement} node */
async function run(trial, node) {
  const outcome = part(node, ".outcome");
  show(outcome, "wait", "connecting …");
  for (const figure of FIGURES) put(node, figure, "–");
  log(`${trial.name}: connecting`, "wait");
  try {
    const lost = await tried(trial, node);
    show(outcome, "good", "works");
    log(`${trial.name}: ${ROUNDS + 1} events heard, ${lost} lost, 0 repeated; disconnected`, "good");
    return true;
  } catch (error) {
    show(outcome, "bad", sentence(error));
    log(`${trial.name}: ${sentence(error)}`, "bad");
    return false;
  }
}

/** @param {Trial} trial @param {HTMLElement} node @returns {Promise<number>}  how many were lost: none, or it throws */
async function tried(trial, node) {
  const name = channel();
  const since = await head(name);
  const id = newId();
  const began = performance.now();
  const connection = headway?.connect(BASE, { transports: [trial.transport], io: socketIo({ polling: trial.polling }), token: token() || undefined, maxReconnectAttempts: 1 });
  try {
    const failed = new Promise((_, reject) => connection.on("error", reject));
    failed.catch(() => {}); // it may also fail after it was of use
    const within = (/** @type {Promise<any>} */ done, /** @type {string} */ what) => Promise.race([done, failed, late(what)]);
    /** @type {number[]} */
    const heard = [];
    let arrived = (/** @type {Json} */ _event) => {};
    const following = connection.channel(name, { since });
    following.on("*", (/** @type {Json} */ event) => {
      if (event.trial !== id) return;
      heard.push(event.offset);
      arrived(event);
    });
    await within(opened(connection), "no connection");
    put(node, "Connect", milliseconds(performance.now() - began));
    show(part(node, ".outcome"), "wait", "waiting for the first event …");

    const trips = [];
    for (let round = 0; round <= ROUNDS; round += 1) {
      const back = new Promise((resolve) => (arrived = (event) => event.round === round && resolve(performance.now())));
      const sent = performance.now();
      const stored = connection.publish(name, "test", { trial: id, round });
      stored.catch(() => {}); // told below; and where the event came back, nobody asks
      await within(Promise.race([back, stored.then(() => back)]), "the event did not come back");
      if (round === 0) put(node, "First event", milliseconds(performance.now() - began));
      else trips.push(performance.now() - sent);
      await within(stored, "the server did not confirm the event");
    }
    put(node, "Round trip", milliseconds(trips.sort((a, b) => a - b)[ROUNDS >> 1] ?? 0));
    const held = (await logged(name, since)).filter((event) => event.trial === id).map((event) => event.offset);
    const { lost, repeated, disordered } = compared(heard, held);
    if (lost + repeated + disordered > 0) throw new Error(`${lost} lost, ${repeated} repeated, ${disordered} out of order`);
    connection.close();
    if (connection.status !== "offline") throw new Error("it did not disconnect");
    put(node, "Disconnect", "done");
    return lost;
  } finally {
    connection.close();
  }
}

/** @param {Json} connection @returns {Promise<void>} */
function opened(connection) {
  return new Promise((resolve) => {
    const look = () => connection.transport && resolve();
    connection.on("transport", look);
    look();
  });
}

/** @param {string} what */
async function late(what) {
  await pause(PATIENCE_MS);
  throw new Error(`${what} within ${PATIENCE_MS / 1000} s`);
}

/** @param {HTMLElement} node @param {string} figure @param {string} text */
function put(node, figure, text) {
  const pair = [...node.querySelectorAll("dl div")].find((one) => part(one, "dt").textContent === figure);
  if (pair) part(pair, "dd").textContent = text;
}

/** @param {number} ms */
function milliseconds(ms) {
  return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
}

/** Follow an import over whichever transport works, and compare in the end. */
async function simulate() {
  const name = channel();
  const since = await head(name);
  const id = newId();
  const connection = headway?.connect(BASE, { io: socketIo(), token: token() || undefined });
  element("importing", HTMLElement).hidden = false;
  try {
    const heard = /** @type {number[]} */ ([]);
    const refused = new Promise((_, reject) => connection.on("error", reject));
    refused.catch(() => {});
    const completed = new Promise((resolve) => {
      connection.channel(name, { since }).on("*", (/** @type {Json} */ event) => {
        if (event.session !== id) return;
        heard.push(event.offset);
        showImport(event);
        if (event.type === "completion") resolve(undefined);
      });
    });
    connection.on("transport", (/** @type {string | undefined} */ now) => now && log(`Import: followed over ${TRIALS.find(({ transport }) => transport === now)?.name}`));
    log(`Import: ${ROWS} rows begin`, "wait");
    await work(name, id);
    await Promise.race([completed, refused, late("the completion did not come back")]);
    const held = (await logged(name, since)).filter((event) => event.session === id).map((event) => event.offset);
    const { lost, repeated } = compared(heard, held);
    const text = `Import complete: ${held.length} events in the log, ${heard.length} heard, ${lost} lost, ${repeated} repeated.`;
    log(text, lost + repeated > 0 ? "bad" : "good");
    verdict(text, lost + repeated === 0);
  } finally {
    connection.close();
  }
}

/** The import's own side. @param {string} name @param {string} session */
async function work(name, session) {
  const counts = { succeeded: 0, failed: 0, skipped: 0 };
  for (let current = 1; current <= ROWS; current += 1) {
    counts[current % 10 === 7 ? "skipped" : "succeeded"] += 1;
    await publish(name, "progress", { session, current, total: ROWS, message: `user-${current}@example.org`, counts, status: "running" });
    await pause(ROW_MS);
  }
  await publish(name, "completion", { session, current: ROWS, total: ROWS, message: "all rows are in", counts, status: "completed" });
}

/** @param {Json} event */
function showImport(event) {
  const percent = Math.round((100 * event.current) / event.total);
  element("import-bar", HTMLProgressElement).value = percent;
  element("import-percent", HTMLElement).textContent = `${percent} %`;
  element("import-detail", HTMLElement).textContent = `${event.current} of ${event.total} · ${event.message} · ${event.counts.succeeded} succeeded, ${event.counts.skipped} skipped`;
}

/** @param {string} text @param {boolean} good */
function verdict(text, good) {
  show(element("verdict", HTMLElement), good ? "good" : "bad", text);
}

async function runAll() {
  let passed = 0;
  for (const [trial, node] of shown) passed += Number(await run(trial, node));
  verdict(`${passed} of ${TRIALS.length} transports work from here.`, passed === TRIALS.length);
}

let busy = false;

/** One thing at a time, so that no test slows another. @param {() => Promise<unknown>} doing @param {string} what */
async function alone(doing, what) {
  if (!headway || busy) return;
  if (!channel()) return void element("settings", HTMLFormElement).reportValidity();
  busy = true;
  for (const button of buttons()) button.ariaDisabled = "true";
  element("verdict", HTMLElement).replaceChildren();
  show(element("status", HTMLElement), "wait", what);
  try {
    const good = (await doing()) !== false;
    show(element("status", HTMLElement), good ? "good" : "bad", good ? "done" : "failed");
  } catch (error) {
    log(sentence(error), "bad");
    verdict(sentence(error), false);
    show(element("status", HTMLElement), "bad", "failed");
  } finally {
    busy = false;
    for (const button of buttons()) button.ariaDisabled = null;
  }
}

/** @returns {HTMLButtonElement[]} */
function buttons() {
  return [...document.querySelectorAll("main button:not(#clear)")].filter((found) => found instanceof HTMLButtonElement);
}

/** @param {ParentNode} node @param {string} selector @returns {HTMLElement} */
function part(node, selector) {
  const found = node.querySelector(selector);
  if (found instanceof HTMLElement) return found;
  throw new Error(`the template has no ${selector}`);
}

/** @param {Trial} trial @returns {[Trial, HTMLElement]} */
function shownTrial(trial) {
  const node = element("trial", HTMLTemplateElement).content.firstElementChild?.cloneNode(true);
  if (!(node instanceof HTMLElement)) throw new Error("the template #trial is empty");
  part(node, ".name").textContent = trial.name;
  show(part(node, ".outcome"), "none", "not tested");
  for (const figure of FIGURES) {
    const pair = document.createElement("div");
    const term = document.createElement("dt");
    term.textContent = figure;
    const told = document.createElement("dd");
    told.textContent = "–";
    pair.append(term, told);
    part(node, "dl").append(pair);
  }
  const button = part(node, "button");
  button.textContent = trial.button;
  button.addEventListener("click", () => alone(() => run(trial, node), `testing ${trial.name}`));
  element("trials", HTMLElement).append(node);
  return [trial, node];
}

const shown = TRIALS.map(shownTrial);
element("channel", HTMLInputElement).value = `test:${newId()}`;
show(element("status", HTMLElement), headway ? "none" : "bad", headway ? "ready" : "the client is missing");
element("settings", HTMLFormElement).addEventListener("submit", (submit) => submit.preventDefault());
element("token", HTMLInputElement).addEventListener("change", greet);
element("all", HTMLElement).addEventListener("click", () => alone(runAll, "testing all"));
element("import", HTMLElement).addEventListener("click", () => alone(simulate, "importing"));
element("clear", HTMLElement).addEventListener("click", () => element("log", HTMLElement).replaceChildren());
if (headway) greet();

// @ts-check
/**
 * The landing page: the server's health, one channel live, a publish form, and the same as commands.
 *
 * The law of this file:
 * 1. What came over the wire becomes text nodes, and nothing else.
 * 2. A reader is a position. Whatever carries it (WebSocket, else Server-Sent Events, else long-polling), a connection
 *    that ends is followed by another from the position reached, after a back-off with full jitter.
 * 3. The next carrier is tried only where this one did not open although the server answers: then something on the way
 *    does not let it through. A server that does not answer is waited for.
 * 4. Everything kept is bounded: 20 events, 24 lanes, 3 notices.
 * 5. A token is in no address: that of a share link is taken out at once, kept in memory, and said in a header or a
 *    message; for a stream, which can say neither, it is exchanged for a ticket that works once.
 */

import { BASE, ask, authorization, element } from "./page.js";

const EVENTS_SHOWN = 20;
const LANES_SHOWN = 24;
const NOTICES_SHOWN = 3;
const TEXT_SHOWN = 600;
const HEALTH_MS = 5_000;
const OPEN_MS = 8_000; // for a connection to open: proxies that swallow an upgrade never answer
const PING_MS = 20_000; // below the 25 s of the server's own heartbeat
const SILENCE_MS = 45_000; // two missed answers, or three missed heartbeats of a stream
const FIRST_MS = 500; // back-off: as the Python client's
const MOST_MS = 20_000;
const POLL_SECONDS = 25; // most proxies cut a request at 30 s or later
const DEFAULT_SERVER = "http://127.0.0.1:4000";

/** @typedef {import("./page.js").Json} Json  what came over the wire */
/** @typedef {{channel: string, since: string | null, token: string}} Place */
/** @typedef {"reconnect" | "renew" | "stop"} Advice */
/** @typedef {{told: (message: Json) => void, ended: (reason: string, advice?: Advice) => void}} Hooks */
/** @typedef {{name: string, open: (place: Place, hooks: Hooks) => () => void}} Carrier  `open` returns how to close */
/** @typedef {"connecting" | "live" | "waiting" | "refused"} Phase */
/**
 * @typedef {object} Audience  who is told what a `Following` hears
 * @property {(phase: Phase, text: string, advice?: Advice, reason?: string) => void} phase
 * @property {(event: Json, fresh: boolean) => void} event
 * @property {(gap: Json) => void} gap
 * @property {(count: number) => void} recovered
 */

// Addresses

/** @param {string} channel @param {string} what @param {Record<string, string | null>} [query] */
function channelUrl(channel, what, query = {}) {
  const url = new URL(`api/channels/${encoded(channel)}${what}`, BASE);
  for (const [name, value] of Object.entries(query)) if (value !== null) url.searchParams.set(name, value);
  return url;
}

/** @param {string} channel  Also for between the quotes of a shell. */
function encoded(channel) {
  return encodeURIComponent(channel).replaceAll("'", "%27");
}

// Carriers: each opens one connection from a place, and says what it hears and that it ended.

/** @type {Carrier} */
const WEBSOCKET = {
  name: "WebSocket",
  open(place, hooks) {
    const url = new URL("ws", BASE);
    url.protocol = url.protocol.replace("http", "ws");
    const socket = new WebSocket(url);
    const say = (/** @type {Json} */ message) => socket.send(JSON.stringify(message));
    const life = new Life(() => hooks.ended("no sign of life"), () => say({ type: "ping" }));
    socket.onopen = () => {
      life.begin();
      if (place.token) say({ type: "auth", token: place.token });
      say({ type: "subscribe", channel: place.channel, ...(place.since === null ? {} : { since: place.since }) });
    };
    socket.onmessage = ({ data }) => {
      life.heard();
      hooks.told(JSON.parse(data));
    };
    socket.onclose = ({ code, reason }) => hooks.ended(reason || "the connection broke", adviceOf(code));
    return () => {
      life.end();
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close();
    };
  },
};

/** @type {Carrier} */
const EVENT_STREAM = {
  name: "Server-Sent Events",
  open(place, hooks) {
    let close = () => {};
    let left = false;
    ticketFor(place.token).then(
      (ticket) => left || (close = openStream(place, ticket, hooks)),
      (/** @type {unknown} */ error) => hooks.ended(sentence(error)),
    );
    return () => {
      left = true;
      close();
    };
  },
};

/** An EventSource can say its token nowhere but in the address: what stands there works once.
 * @param {string} token @returns {Promise<string | null>}  null: none is needed */
async function ticketFor(token) {
  if (!token) return null;
  const { status, body } = await ask("api/tickets", { token, body: {} });
  if (status !== 200) throw new Error(body.error.message);
  return body.ticket;
}

/** @param {Place} place @param {string | null} ticket @param {Hooks} hooks */
function openStream(place, ticket, hooks) {
  const source = new EventSource(channelUrl(place.channel, "/stream", { since: place.since, ticket }));
  const life = new Life(() => hooks.ended("no sign of life"));
  source.onopen = () => life.begin();
  source.addEventListener("heartbeat", () => life.heard());
  source.onmessage = ({ data }) => {
    life.heard();
    hooks.told(JSON.parse(data));
  };
  // It would come back by itself, but only to the same carrier and without our back-off.
  source.onerror = () => hooks.ended("the stream ended");
  return () => {
    life.end();
    source.close();
  };
}

/** @type {Carrier} */
const POLLING = {
  name: "long-polling",
  open(place, hooks) {
    const leaving = new AbortController();
    poll(place, hooks, leaving.signal).catch((/** @type {unknown} */ error) => {
      if (!leaving.signal.aborted) hooks.ended(sentence(error));
    });
    return () => leaving.abort();
  },
};

const CARRIERS = [WEBSOCKET, EVENT_STREAM, POLLING];

/** Ask again and again; the place of the next request acknowledges this answer.
 * @param {Place} place @param {Hooks} hooks @param {AbortSignal} signal */
async function poll(place, hooks, signal) {
  let since = place.since;
  let wait = 0; // the first answer comes at once, and shows that polling works
  for (let first = true; !signal.aborted; first = false) {
    const answer = await fetch(channelUrl(place.channel, "/events", { since, wait: String(wait) }), {
      headers: authorization(place.token),
      cache: "no-store",
      signal: AbortSignal.any([signal, AbortSignal.timeout(SILENCE_MS)]),
    });
    const page = await answer.json();
    if (!answer.ok) return hooks.ended(page.error.message, refusal(page.error));
    if (first) hooks.told({ type: "subscribed", position: since ?? page.position, recovered: true, snapshot: page.snapshot });
    for (const event of page.events) hooks.told(event);
    since = page.position;
    wait = page.more ? 0 : POLL_SECONDS;
  }
}

/** @param {number} code  A close code; the table is docs/reference/codes.md. @returns {Advice} */
function adviceOf(code) {
  if ([4001, 4010].includes(code)) return "renew";
  return [1000, 1003, 1008, 1009, 4002, 4003, 4009].includes(code) ? "stop" : "reconnect";
}

/** @param {Json} error  Of a request; or of a connection, which then brings its advice. @returns {Advice} */
function refusal(error) {
  if (error.advice) return error.advice;
  if (error.code === "unauthorized") return "renew";
  return error.retry ? "reconnect" : "stop";
}

/** Notices that the other side went silent, which no browser tells by itself. */
class Life {
  #timer = 0;
  #heard = 0;
  #lost;
  #ping;

  /** @param {() => void} lost @param {() => void} [ping] */
  constructor(lost, ping = () => {}) {
    this.#lost = lost;
    this.#ping = ping;
  }

  begin() {
    this.heard();
    this.#timer = setInterval(() => this.#look(), PING_MS);
  }

  heard() {
    this.#heard = performance.now();
  }

  end() {
    clearInterval(this.#timer);
  }

  #look() {
    if (performance.now() - this.#heard > SILENCE_MS) this.#lost();
    else this.#ping();
  }
}

/** Follows one channel until it is stopped. */
class Following {
  /** @type {Place} */ #place;
  #audience;
  #carrier = 0;
  #attempt = 0; // whoever speaks for an earlier one is not heard
  #opened = false;
  #resuming = false;
  #offset = 0;
  #ceiling = FIRST_MS;
  #retry = 0; // milliseconds after which the server wants us back
  #timer = 0;
  /** @type {{count: number, until: number | null} | null} */ #catchUp = null;
  #close = () => {};

  /** @param {Place} place @param {Audience} audience */
  constructor(place, audience) {
    this.#place = { ...place };
    this.#audience = audience;
  }

  /** Connect now, with the best carrier first. */
  start() {
    this.#carrier = 0;
    this.#ceiling = FIRST_MS;
    this.#connect();
  }

  stop() {
    this.#attempt++;
    clearTimeout(this.#timer);
    this.#close();
    this.#close = () => {};
    this.#catchUp = null;
  }

  #connect() {
    this.stop();
    const attempt = this.#attempt;
    const carrier = CARRIERS[this.#carrier];
    this.#opened = false;
    this.#audience.phase("connecting", `connecting over ${carrier.name} …`);
    this.#timer = setTimeout(() => this.#ended("no answer in time", "reconnect"), OPEN_MS);
    this.#close = carrier.open(this.#place, {
      told: (message) => attempt === this.#attempt && this.#take(message),
      ended: (reason, advice = "reconnect") => attempt === this.#attempt && this.#ended(reason, advice),
    });
  }

  /** @param {Json} message */
  #take(message) {
    // Only events have both; an event's type may well be "error".
    if (typeof message.offset === "number" && typeof message.position === "string") this.#takeEvent(message);
    else if (message.type === "subscribed") this.#takeStart(message);
    else if (message.type === "gap") this.#takeGap(message);
    else if (message.type === "reconnect") this.#retry = Number(message.retry) || 0;
    else if (message.type === "unsubscribed") this.#ended("the token does not cover this channel any more", "renew");
    else if (message.type === "auth_failed") this.#ended(message.message, "renew");
    else if (message.type === "error") this.#ended(message.message, refusal(message));
  }

  /** @param {Json} message */
  #takeStart(message) {
    clearTimeout(this.#timer);
    this.#opened = true;
    this.#ceiling = FIRST_MS;
    if (message.recovered && this.#resuming) this.#countMissed();
    this.#resuming = true;
    for (const event of message.snapshot ?? []) this.#audience.event(event, false);
    // Where something was lost, the gap that follows moves the position: a cut between the two must not hide it.
    if (this.#place.since === null || message.recovered) this.#place.since = message.position;
    this.#audience.phase("live", `live over ${CARRIERS[this.#carrier].name}`);
  }

  /** @param {Json} event */
  #takeEvent(event) {
    this.#place.since = event.position;
    this.#offset = event.offset;
    this.#audience.event(event, true);
    if (this.#catchUp) this.#catchUp.count++;
    this.#settle();
  }

  /** @param {Json} gap */
  #takeGap(gap) {
    this.#catchUp = null; // what was recovered is not the news now
    this.#place.since = gap.position;
    this.#offset = offsetOf(gap.position);
    this.#audience.gap(gap);
    for (const event of gap.snapshot ?? []) this.#audience.event(event, false);
  }

  /** Count what arrives until the head of this moment. */
  async #countMissed() {
    const catchUp = (this.#catchUp = { count: 0, until: /** @type {number | null} */ (null) });
    const { channel, token } = this.#place;
    try {
      const answer = await fetch(channelUrl(channel, ""), { headers: authorization(token), cache: "no-store" });
      catchUp.until = (await answer.json()).offset;
      if (this.#catchUp === catchUp) this.#settle();
    } catch {
      // The connection went again, or will tell so itself.
    }
  }

  #settle() {
    const catchUp = this.#catchUp;
    if (catchUp === null || catchUp.until === null || this.#offset < catchUp.until) return;
    this.#catchUp = null;
    this.#audience.recovered(catchUp.count);
  }

  /** @param {string} reason @param {Advice} advice */
  async #ended(reason, advice) {
    const opened = this.#opened;
    this.stop();
    if (advice !== "reconnect") return this.#audience.phase("refused", reason, advice);
    const delay = Math.max(this.#retry, Math.random() * this.#ceiling);
    this.#ceiling = Math.min(MOST_MS, this.#ceiling * 2);
    this.#retry = 0;
    this.#audience.phase("waiting", `disconnected, next try ${inSeconds(delay)}`, advice, reason);
    this.#timer = setTimeout(() => this.#connect(), delay);
    const attempt = this.#attempt;
    if (!opened && (await readHealth()) !== null && attempt === this.#attempt) {
      this.#carrier = (this.#carrier + 1) % CARRIERS.length;
    }
  }
}

/** @param {string} position  Only ever compared with offsets of the same channel. */
function offsetOf(position) {
  return Number(position.slice(position.lastIndexOf(".") + 1)) || 0;
}

/** @param {number} ms */
function inSeconds(ms) {
  return ms < 1000 ? "at once" : `in ${Math.round(ms / 1000)} s`;
}

/** @param {unknown} error */
function sentence(error) {
  return error instanceof TypeError ? "the server cannot be reached" : String(error);
}

// Health

/** @returns {Promise<Json | null>}  null: no answer, or not Headway's */
async function readHealth() {
  try {
    const answer = await fetch(new URL("api/health", BASE), { cache: "no-store", signal: AbortSignal.timeout(HEALTH_MS) });
    return await answer.json();
  } catch {
    return null;
  }
}

async function showHealth() {
  const health = await readHealth();
  element("health", HTMLElement).dataset.state = health?.status ?? "unreachable";
  element("health-text", HTMLElement).textContent = health ? healthSentence(health) : "Server unreachable";
}

/** @param {Json} health */
function healthSentence({ status, details }) {
  const checks = /** @type {Json[]} */ (Object.values(details.checks ?? {}));
  const wrong = checks.find((check) => check.status !== "healthy");
  if (wrong) return `Degraded: ${wrong.message}`;
  const version = details.version ? [`version ${details.version}`] : []; // what is told to operators
  return [status === "healthy" ? "Healthy" : "Degraded", ...version, `up ${duration(details.uptime)}`].join(" · ");
}

/** @param {number} seconds */
function duration(seconds) {
  if (seconds < 120) return `${Math.floor(seconds)} s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86_400)} days`;
}

// Progress: the latest event of each lane.

/** A lane is a key; of events without one, a type and whatever name the data bears.
 * @param {Json} event */
function laneOf(event) {
  const name = ["name", "id", "task", "file", "title"].map((field) => event[field]).find((value) => isScalar(value));
  if (event.key !== undefined) return { id: JSON.stringify([event.key]), label: String(name ?? event.key) };
  return { id: JSON.stringify([event.type, name]), label: name === undefined ? event.type : String(name) };
}

/** @param {Json} data @returns {number | null}  from 0 to 1 */
function fractionOf(data) {
  const part = [data.current, data.progress].find(isNumber);
  const percent = [data.percent, data.progress_percent, data.progress_percentage, data.progress].find(isNumber);
  if (isNumber(data.total) && data.total > 0 && part !== undefined) return clamped(part / data.total);
  return percent === undefined ? null : clamped(percent / 100);
}

/** @param {number} fraction */
function clamped(fraction) {
  return Math.min(1, Math.max(0, fraction));
}

/** @param {unknown} value @returns {value is number} */
function isNumber(value) {
  return typeof value === "number" && Number.isFinite(value);
}

/** @param {unknown} value @returns {value is string | number} */
function isScalar(value) {
  return typeof value === "string" || isNumber(value);
}

const OWN_FIELDS = new Set(["type", "channel", "offset", "position", "timestamp", "key"]);

/** @param {Json} event @returns {Json}  what the producer said */
function dataOf(event) {
  return Object.fromEntries(Object.entries(event).filter(([name]) => !OWN_FIELDS.has(name)));
}

/** @param {Json} event  A line for people: "1,200 of 3,000 · current orders.csv" */
function detailOf(event) {
  const { current, total, ...rest } = dataOf(event);
  const counted = isNumber(current) && isNumber(total);
  const parts = counted ? [`${current.toLocaleString()} of ${total.toLocaleString()}`] : [];
  const silent = new Set(["percent", "progress", "progress_percent", "progress_percentage", "name", "id", "task", "file", "title"]);
  const others = Object.entries(counted ? rest : { current, total, ...rest });
  for (const [name, value] of others) {
    if (isScalar(value) && !silent.has(name) && parts.length < 4) parts.push(name === "current" ? String(value) : `${name} ${value}`);
  }
  return shortened(parts.join(" · "));
}

/** @param {string} text */
function shortened(text) {
  return text.length > TEXT_SHOWN ? `${text.slice(0, TEXT_SHOWN)} …` : text;
}

/** What is shown of one channel; drawn at most once a frame. */
class View {
  /** @type {Json[]} */ #events = [];
  /** @type {Map<string, {label: string, event: Json, fraction: number}>} */ #lanes = new Map();
  #count = 0;
  #due = false;

  /** @param {Json} event @param {boolean} fresh  whether it is news, and not the state from before */
  take(event, fresh) {
    const fraction = fractionOf(event);
    if (fraction !== null) {
      const { id, label } = laneOf(event);
      this.#lanes.set(id, { label, event, fraction });
      if (this.#lanes.size > LANES_SHOWN) this.#lanes.delete([...this.#lanes.keys()][0]);
    }
    if (fresh) this.#count++;
    // What a snapshot has shown already may come again as news, where a log began anew.
    const others = this.#events.filter(({ position }) => position !== event.position);
    this.#events = [event, ...others].slice(0, EVENTS_SHOWN);
    this.draw();
  }

  draw() {
    if (this.#due) return;
    this.#due = true;
    requestAnimationFrame(() => {
      this.#due = false;
      element("lanes", HTMLElement).replaceChildren(...[...this.#lanes.values()].map(laneNode));
      element("events", HTMLElement).replaceChildren(...this.#events.map(rowNode));
      element("events-card", HTMLElement).hidden = this.#events.length === 0;
      element("quiet", HTMLElement).hidden = this.#events.length + this.#lanes.size > 0;
      element("count", HTMLElement).textContent = `${this.#count.toLocaleString()} since you came`;
    });
  }
}

/** @param {{label: string, event: Json, fraction: number}} lane */
function laneNode({ label, event, fraction }) {
  const node = clone("lane");
  const percent = Math.floor(fraction * 100);
  part(node, "strong").textContent = shortened(label);
  part(node, "output").textContent = `${percent} %`;
  part(node, ".detail").textContent = detailOf(event);
  const bar = /** @type {HTMLProgressElement} */ (part(node, "progress"));
  bar.value = percent;
  bar.setAttribute("aria-label", label);
  return node;
}

/** @param {Json} event */
function rowNode(event) {
  const node = clone("row");
  const time = /** @type {HTMLTimeElement} */ (part(node, "time"));
  time.dateTime = String(event.timestamp);
  time.textContent = new Date(event.timestamp).toLocaleTimeString("en-GB");
  part(node, ".offset").textContent = `#${event.offset}`;
  part(node, ".type").textContent = String(event.type);
  part(node, ".json").textContent = shortened(spaced(dataOf(event)));
  return node;
}

/** JSON that a line can break in: the only line breaks it has are between its values. @param {Json} data */
function spaced(data) {
  return JSON.stringify(data, null, 1).replace(/\n\s*/g, " ");
}

/** @param {"gap" | "recovered"} kind @param {string} text */
function notice(kind, text) {
  const node = document.createElement("li");
  node.dataset.kind = kind;
  node.textContent = `${new Date().toLocaleTimeString("en-GB")}  ${text}`;
  const notices = element("notices", HTMLElement);
  notices.append(node);
  while (notices.children.length > NOTICES_SHOWN) notices.firstElementChild?.remove();
}

/** @param {Json} gap */
function gapSentence({ reason, lost }) {
  if (reason === "trimmed" && isNumber(lost)) return `Gap: ${counted(lost)} no longer kept by the server.`;
  if (reason === "ahead") return "Gap: the server's log has lost its end.";
  return "Gap: the server's log began anew; what came between is not known.";
}

/** @param {number} count */
function counted(count) {
  return `${count.toLocaleString()} update${count === 1 ? "" : "s"}`;
}

// Watching

/** @type {Following | null} */
let following = null;
let channel = "";

/** The token of a share link, for as long as this page lives.
 * @type {{channel: string, token: string} | null} */
let shared = null;

/** @param {string} name @param {boolean} everything */
function watch(name, everything) {
  following?.stop();
  channel = name;
  document.title = `${name} · Headway`;
  element("live-title", HTMLElement).textContent = name;
  element("notices", HTMLElement).replaceChildren();
  element("live", HTMLElement).hidden = false;
  element("promises", HTMLElement).hidden = true;
  element("lead", HTMLElement).hidden = true;
  element("published", HTMLElement).textContent = "";
  showExamples(name);
  showAccount();
  const view = new View();
  view.draw();
  following = new Following({ channel: name, since: everything ? "" : null, token: token() }, {
    phase: showPhase,
    event: (event, fresh) => view.take(event, fresh),
    gap: (gap) => notice("gap", gapSentence(gap)),
    recovered: (count) => notice("recovered", count ? `Back again. Recovered ${counted(count)}.` : "Back again. Nothing was missed."),
  });
  following.start();
}

/** @param {Phase} phase @param {string} text @param {Advice} [advice] @param {string} [reason] */
function showPhase(phase, text, advice, reason = "") {
  element("phase", HTMLElement).dataset.phase = phase;
  element("phase", HTMLElement).title = reason;
  element("phase-text", HTMLElement).textContent = text;
  element("reconnect", HTMLElement).hidden = phase === "live" || phase === "connecting";
  if (phase !== "connecting") showHealth();
  if (advice === "renew") askForToken();
}

function askForToken() {
  element("token-field", HTMLElement).hidden = false;
  if (!ways.sign_in) element("token", HTMLInputElement).focus();
  showAccount();
}

/** What was typed, or came with the link to this channel; a browser that signed in has its cookie. */
function token() {
  return element("token", HTMLInputElement).value.trim() || (shared?.channel === channel ? shared.token : "");
}

/** `#channel=…`, or a share link: `?channel=…#token=…`. */
function watchAsAddressed() {
  const wanted = new URLSearchParams(location.hash.slice(1));
  const name = wanted.get("channel") ?? new URLSearchParams(location.search).get("channel");
  if (!name) return;
  const held = wanted.get("token");
  if (held) {
    shared = { channel: name, token: held };
    wanted.delete("token");
    wanted.set("channel", name);
    history.replaceState(null, "", `${location.pathname}#${wanted}`);
  }
  element("channel", HTMLInputElement).value = name;
  element("begin", HTMLSelectElement).value = wanted.has("everything") ? "everything" : "state";
  watch(name, wanted.has("everything"));
}

/** @param {SubmitEvent} submit */
function onWatch(submit) {
  submit.preventDefault();
  const name = element("channel", HTMLInputElement).value.trim();
  const everything = element("begin", HTMLSelectElement).value === "everything";
  if (!name) return;
  history.replaceState(null, "", `#${new URLSearchParams({ channel: name, ...(everything ? { everything: "" } : {}) })}`);
  watch(name, everything);
}

// Who is here

/** What the server wants of whom it does not know. */
let ways = { open: true, sign_in: false };

/** Say who is here, and offer what they can do about it. Where nobody needs a token there is nothing to say. */
async function showAccount() {
  try {
    ways = /** @type {typeof ways} */ ((await ask("api/sign-in")).body);
    const held = token();
    const { status, body } = ways.open ? { status: 0, body: {} } : await ask("api/me", { token: held });
    showIdentity(status === 200 ? body : null, held !== "");
  } catch {
    // The server cannot be reached, which is said elsewhere; what was shown stays.
  }
}

/** @param {Json | null} me  null: nobody known @param {boolean} byToken  and not by the cookie */
function showIdentity(me, byToken) {
  element("account", HTMLElement).hidden = ways.open;
  element("who", HTMLElement).replaceChildren(...whoNodes(me));
  const out = element("sign-out", HTMLElement);
  out.hidden = me === null || byToken;
  const into = element("sign-in", HTMLAnchorElement);
  into.hidden = !ways.sign_in || (me !== null && me.user !== null);
  into.href = `sign-in?${new URLSearchParams({ to: `${location.pathname}${location.hash}` })}`;
  element("publish-card", HTMLElement).hidden = me?.publish.length === 0;
  showExamples(channel);
}

/** @param {Json | null} me @returns {(Node | string)[]} */
function whoNodes(me) {
  if (me === null) return ["Not signed in"];
  if (me.user === null) return [`Watching by a link, until ${new Date(me.expires * 1000).toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "short" })}`];
  const name = document.createElement("strong");
  name.textContent = shortened(me.user);
  return ["Signed in as ", name];
}

async function onSignOut() {
  const out = element("sign-out", HTMLButtonElement);
  try {
    await ask("api/sign-out", { body: {} });
    location.reload(); // so that nothing that was shown to one is left for the next
  } catch {
    out.textContent = "Sign out: no answer, try again";
  }
}

// Publishing

let idempotencyKey = "";

/** @param {SubmitEvent} submit */
async function onPublish(submit) {
  submit.preventDefault();
  try {
    const event = drafted();
    // Kept until the event is known to be stored, so that a second press cannot double it.
    idempotencyKey ||= randomKey();
    const answer = await fetch(channelUrl(channel, "/events"), {
      method: "POST",
      headers: { "content-type": "application/json", "idempotency-key": idempotencyKey, ...authorization(token()) },
      body: JSON.stringify(event),
    });
    const body = await answer.json();
    if (!answer.ok) throw new Error(body.error.message);
    idempotencyKey = "";
    showPublished("stored", `Stored at offset ${body.offset}.`);
  } catch (error) {
    showPublished("failed", error instanceof Error && !(error instanceof TypeError) ? error.message : sentence(error));
  }
}

/** @returns {Json} */
function drafted() {
  const text = element("data", HTMLTextAreaElement).value.trim() || "{}";
  const key = element("key", HTMLInputElement).value.trim();
  return { type: element("type", HTMLInputElement).value.trim(), data: parsed(text), ...(key ? { key } : {}) };
}

/** @param {string} text */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`The data is not JSON: ${/** @type {Error} */ (error).message}`);
  }
}

/** Works on pages without TLS too, where `crypto.randomUUID` does not exist. */
function randomKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** @param {"stored" | "failed"} state @param {string} text */
function showPublished(state, text) {
  const result = element("published", HTMLElement);
  result.dataset.state = state;
  result.textContent = text;
}

// Examples

/** @param {string} name */
function showExamples(name) {
  const server = BASE.href.replace(/\/$/, "");
  const header = ways.open ? "" : ' -H "Authorization: Bearer $HEADWAY_TOKEN"';
  const option = server === DEFAULT_SERVER ? "" : ` --url ${quoted(server)}`;
  const events = `${server}/api/channels/${encoded(name)}`;
  /** @type {[string, string][]} */
  const examples = [
    ["Watch in a terminal", `headway watch ${quoted(name)}${option}`],
    ["Publish from a terminal", `headway publish ${quoted(name)} progress '{"percent": 60}'${option}`],
    ["Watch with curl", `curl -N '${events}/stream?since='${header}`],
    ["Publish with curl", `curl '${events}/events' -d '{"type": "progress", "data": {"percent": 80}}'${header}`],
  ];
  element("examples", HTMLElement).replaceChildren(...examples.map(exampleNode));
}

/** @param {[string, string]} example */
function exampleNode([title, command]) {
  const node = clone("example");
  part(node, "h3").textContent = title;
  part(node, "code").textContent = command;
  const button = part(node, "button");
  button.setAttribute("aria-label", `Copy: ${title}`);
  button.addEventListener("click", () => copy(command, button, part(node, "code")));
  return node;
}

/** @param {string} text @param {HTMLElement} button @param {HTMLElement} code */
async function copy(text, button, code) {
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  } catch {
    // Without TLS, or without permission: select it, and the reader's own keys copy it.
    getSelection()?.selectAllChildren(code);
    button.textContent = "Selected";
  }
  setTimeout(() => (button.textContent = "Copy"), 2_000);
}

/** @param {string} text  one word of a shell */
function quoted(text) {
  return /^[\w@%+=:,./-]+$/.test(text) && !text.startsWith("-") ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

// The document

/** @param {string} id @returns {HTMLElement} */
function clone(id) {
  const node = element(id, HTMLTemplateElement).content.firstElementChild?.cloneNode(true);
  if (node instanceof HTMLElement) return node;
  throw new Error(`the template #${id} is empty`);
}

/** @param {HTMLElement} node @param {string} selector @returns {HTMLElement} */
function part(node, selector) {
  const found = node.querySelector(selector);
  if (found instanceof HTMLElement) return found;
  throw new Error(`the template has no ${selector}`);
}

element("watch-form", HTMLFormElement).addEventListener("submit", onWatch);
element("publish-form", HTMLFormElement).addEventListener("submit", onPublish);
element("publish-form", HTMLFormElement).addEventListener("input", () => (idempotencyKey = ""));
element("sign-out", HTMLButtonElement).addEventListener("click", onSignOut);
element("reconnect", HTMLButtonElement).addEventListener("click", () => following?.start());
addEventListener("online", () => following?.start());
addEventListener("hashchange", watchAsAddressed);
addEventListener("visibilitychange", () => document.hidden || showHealth());
setInterval(() => document.hidden || showHealth(), HEALTH_MS);
showHealth();
watchAsAddressed();
if (!channel) showAccount();

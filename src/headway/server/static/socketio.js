// @ts-check
/**
 * Socket.IO 5 over Engine.IO 4, as much of it as Headway's client uses of `socket.io-client`: so that these pages can
 * test it without a package that the server does not have.
 *
 *     Engine.IO   0{sid, pingInterval, pingTimeout}   2 ping   3 pong   4… message   1 close
 *     Socket.IO   0{auth} connect   1 disconnect   2[type, …] event   3<id>[…] acknowledgement   4{…} refused
 *
 * `socketIo({polling, WebSocket, fetch})` returns an `io`. A connection stays on the carrier it began on, and never
 * comes back by itself.
 */

/** @typedef {Record<string, any>} Json  what came over the wire */
/** @typedef {(...values: any[]) => void} Listener */
/** @typedef {{send: (packet: string) => void, close: () => void}} Carrier */
/** @typedef {{packet: (packet: string) => void, ended: (reason: string) => void}} Hooks */
/** @typedef {{polling?: boolean, WebSocket?: typeof WebSocket, fetch?: typeof fetch}} Ways */

const SEPARATOR = "\x1e";

/** @param {Ways} [ways] @returns {(origin: string, options: Json) => Socket} */
export function socketIo(ways = {}) {
  return (origin, { path, auth }) => new Socket(new URL(path, origin), auth, ways);
}

class Socket {
  /** What the client asks to know over what a message may have come. */
  io = { engine: { transport: { name: "websocket" } } };
  /** @type {Map<string, Listener[]>} */
  #listeners = new Map();
  /** @type {Listener[]} */
  #all = [];
  /** @type {Map<number, Listener>} */
  #asked = new Map();
  #last = 0;
  #over = false;
  #joined = false;
  /** @type {Carrier} */
  #carrier;

  /** @param {URL} url @param {Json} auth @param {Ways} ways */
  constructor(url, auth, ways) {
    const hooks = {
      packet: (/** @type {string} */ packet) => this.#received(packet, auth),
      ended: (/** @type {string} */ reason) => this.#end(reason),
    };
    if (ways.polling) this.io.engine.transport.name = "polling";
    this.#carrier = ways.polling ? overPolling(url, hooks, ways) : overWebSocket(url, hooks, ways);
  }

  /** @param {string} type @param {Listener} listener */
  on(type, listener) {
    this.#listeners.set(type, [...(this.#listeners.get(type) ?? []), listener]);
  }

  /** @param {Listener} listener */
  onAny(listener) {
    this.#all.push(listener);
  }

  off() {
    this.#listeners.clear();
  }

  offAny() {
    this.#all = [];
  }

  /** @param {string} type @param {...any} values  the last may be what the acknowledgement is given to */
  emit(type, ...values) {
    let id = "";
    if (typeof values.at(-1) === "function") {
      this.#asked.set((this.#last += 1), values.pop());
      id = String(this.#last);
    }
    this.#carrier.send(`42${id}${JSON.stringify([type, ...values])}`);
  }

  disconnect() {
    if (this.#over) return;
    this.#over = true;
    if (this.#joined) this.#carrier.send("41");
    this.#carrier.close();
  }

  /** @param {string} packet @param {Json} auth */
  #received(packet, auth) {
    if (this.#over) return;
    if (packet[0] === "0") this.#carrier.send(`40${JSON.stringify(auth)}`);
    else if (packet[0] === "1") this.#end("transport close");
    else if (packet[0] === "2") this.#carrier.send("3");
    else if (packet[0] === "4") this.#message(packet[1] ?? "", packet.slice(2));
  }

  /** @param {string} kind @param {string} rest */
  #message(kind, rest) {
    const id = /^\d*/.exec(rest)?.[0] ?? "";
    const said = rest.length > id.length ? JSON.parse(rest.slice(id.length)) : undefined;
    if (kind === "0") {
      this.#joined = true;
      this.#tell("connect");
    } else if (kind === "1") {
      this.#end("io server disconnect");
    } else if (kind === "2") {
      for (const listener of this.#all) listener(...said);
    } else if (kind === "3") {
      this.#asked.get(Number(id))?.(...said);
      this.#asked.delete(Number(id));
    } else if (kind === "4") {
      this.#over = true;
      this.#carrier.close();
      this.#tell("connect_error", Object.assign(new Error(said.message), { data: said.data }));
    }
  }

  /** @param {string} reason */
  #end(reason) {
    if (this.#over) return;
    this.#over = true;
    this.#carrier.close();
    if (this.#joined) this.#tell("disconnect", reason);
    else this.#tell("connect_error", new Error(reason));
  }

  /** @param {string} type @param {...any} values */
  #tell(type, ...values) {
    for (const listener of this.#listeners.get(type) ?? []) listener(...values);
  }
}

/** @param {URL} url @param {string} name @param {string} [sid] */
function addressed(url, name, sid) {
  const address = new URL(url);
  address.search = String(new URLSearchParams({ EIO: "4", transport: name, ...(sid ? { sid } : {}) }));
  return address;
}

/** @param {URL} url @param {Hooks} hooks @param {Ways} ways @returns {Carrier} */
function overWebSocket(url, hooks, ways) {
  const address = addressed(url, "websocket");
  address.protocol = address.protocol.replace("http", "ws");
  const socket = new (ways.WebSocket ?? WebSocket)(address);
  socket.onmessage = ({ data }) => hooks.packet(data);
  socket.onclose = ({ reason }) => hooks.ended(reason || "transport close");
  return {
    send: (packet) => socket.readyState === WebSocket.OPEN && socket.send(packet),
    close: () => socket.close(),
  };
}

/** @param {URL} url @param {Hooks} hooks @param {Ways} ways @returns {Carrier} */
function overPolling(url, hooks, ways) {
  const ask = ways.fetch ?? ((input, init) => fetch(input, init));
  const leaving = new AbortController();
  let sid = "";
  let waiting = /** @type {string[]} */ ([]);
  let sending = false;

  const request = async (/** @type {RequestInit} */ init = {}) => {
    const answer = await ask(addressed(url, "polling", sid), { cache: "no-store", ...init });
    if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
    return answer.text();
  };
  const ended = (/** @type {unknown} */ error) => {
    if (!leaving.signal.aborted) hooks.ended(error instanceof Error ? error.message : "transport error");
  };
  const receive = async () => {
    while (!leaving.signal.aborted) {
      const packets = (await request({ signal: leaving.signal })).split(SEPARATOR);
      if (!sid) sid = JSON.parse((packets[0] ?? "").slice(1)).sid;
      packets.forEach(hooks.packet);
    }
  };
  // One request at a time, in order; the last may outlive the connection, to say goodbye.
  const flush = async () => {
    if (sending) return;
    sending = true;
    while (waiting.length > 0) {
      const body = waiting.join(SEPARATOR);
      waiting = [];
      await request({ method: "POST", body, headers: { "content-type": "text/plain;charset=UTF-8" } });
    }
    sending = false;
  };
  queueMicrotask(() => receive().catch(ended));
  return {
    send: (packet) => {
      waiting.push(packet);
      flush().catch(ended);
    },
    close: () => leaving.abort(),
  };
}

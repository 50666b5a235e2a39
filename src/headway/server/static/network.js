// @ts-check
/**
 * A network that fails on demand. It stands in this page, between Headway's client and the browser's own `WebSocket` and
 * `fetch`; the server, and every other page, notice no more than connections that end.
 *
 *     const network = new Network();
 *     Headway.connect(url, { ...network.ways() });
 *     network.block("websocket");   what is open is cut, what is opened fails
 *     network.cut();                what is open is cut, and may come back
 */

import { socketIo } from "./socketio.js";

/** @typedef {"socketio" | "websocket" | "eventsource" | "polling"} Carrier */

export class Network {
  /** @type {Set<Carrier>} */
  blocked = new Set();
  /** Hears what is tried. @type {(carrier: Carrier, refused: boolean) => void} */
  tried = () => {};
  /** What is open. @type {Map<() => void, Carrier>} */
  #open = new Map();

  /** What the client gets in place of the browser's. */
  ways() {
    return {
      WebSocket: this.#webSocket("websocket"),
      fetch: this.#fetch(),
      io: socketIo({ WebSocket: /** @type {any} */ (this.#webSocket("socketio")) }),
    };
  }

  /** @param {Carrier} carrier */
  block(carrier) {
    this.blocked.add(carrier);
    this.#end(carrier);
  }

  /** @param {Carrier} carrier */
  free(carrier) {
    this.blocked.delete(carrier);
  }

  /** End what is open, whatever carries it. */
  cut() {
    this.#end();
  }

  /** @param {Carrier} [only] */
  #end(only) {
    for (const [end, carrier] of [...this.#open]) if (!only || only === carrier) end();
  }

  /** @param {Carrier} carrier */
  #webSocket(carrier) {
    const network = this;
    return class extends WebSocket {
      /** @param {string | URL} url */
      constructor(url) {
        super(url);
        const blocked = network.blocked.has(carrier);
        network.tried(carrier, blocked);
        if (blocked) {
          this.close();
          return;
        }
        const cut = () => {
          network.#open.delete(cut);
          // A closing handshake takes a moment in which more could arrive; a network that fails lets nothing through.
          const ended = /** @type {WebSocket} */ (this).onclose;
          this.onmessage = this.onclose = null;
          this.close();
          ended?.call(this, new CloseEvent("close", { code: 1006 }));
        };
        network.#open.set(cut, carrier);
        this.addEventListener("close", () => network.#open.delete(cut));
      }
    };
  }

  /** @returns {typeof fetch} */
  #fetch() {
    return async (input, init = {}) => {
      const carrier = carrierOf(new URL(String(input)), init.method ?? "GET");
      // What the client asks besides goes through unless nothing does.
      const refused = carrier ? this.blocked.has(carrier) : this.blocked.size === 4;
      if (carrier) this.tried(carrier, refused);
      if (refused) throw new TypeError("blocked by this page");
      const cutting = new AbortController();
      const cut = () => {
        this.#open.delete(cut);
        cutting.abort(new TypeError("cut by this page"));
      };
      if (carrier) {
        for (const [end, other] of this.#open) if (other === carrier && carrier === "polling") this.#open.delete(end);
        this.#open.set(cut, carrier);
      }
      const signals = [cutting.signal, ...(init.signal ? [init.signal] : [])];
      return fetch(input, { ...init, signal: AbortSignal.any(signals) });
    };
  }
}

/** @param {URL} url @param {string} method @returns {Carrier | null} */
function carrierOf(url, method) {
  if (url.pathname.endsWith("/stream")) return "eventsource";
  if (url.pathname.endsWith("/events") && method === "GET") return "polling";
  return null;
}

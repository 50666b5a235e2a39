/**
 * One connection, watched from below: the client's own transport on the browser's own `WebSocket` and `fetch`, each of
 * which notes when it was answered and by whom.
 */
import { eventsource, polling, socketio, websocket } from 'headway-client';
import type { Connection, Link, Runtime, Transport } from 'headway-client';

import { socketIo } from './network.js';
import { Failed, PATIENCE, SOCKETS } from './observed.js';
import type { Answerer, Check, Stage, Trouble } from './observed.js';
import { answererOf, ask } from './server.js';
import type { Tools } from './server.js';

const TRANSPORTS: Readonly<Record<Check, Transport>> = { websocket, socketio, 'socketio-polling': socketio, eventsource, polling };
/** As long as the client's own. */
const SILENCE_MS = 20_000;

type Told = Parameters<Link['told']>[1];
type Ended = Parameters<Link['ended']>[0];

export class Line {
  encoding: string | null = null;
  accelerated = false;
  readonly #check: Check;
  readonly #tools: Tools;
  readonly #channel: string;
  readonly #connected = new Moment();
  readonly #answered = new Moment();
  readonly #marks = new Map<number, Moment>();
  #heard: Moment | undefined;
  #since: string | undefined;
  #by: Answerer = { server: null, via: null };
  #status: number | null = null;
  #stage: Stage = 'open';
  #trouble: Trouble | undefined;
  #connection: Connection | undefined;

  constructor(check: Check, tools: Tools, channel: string) {
    this.#check = check;
    this.#tools = tools;
    this.#channel = channel;
  }

  /** Until the handshake is answered. */
  async open(): Promise<void> {
    this.#connection = TRANSPORTS[this.#check].open(this.#link());
    await this.#within(this.#connected, PATIENCE.answer, 'open');
  }

  /** Until the state of the channel has been told. */
  async follow(): Promise<void> {
    await this.#within(this.#answered, PATIENCE.answer, 'follow');
  }

  /** Ask, and wait for the answer. False: there is no way to ask. */
  async ping(): Promise<boolean> {
    if (this.#check === 'polling') {
      await ask(this.#tools, `api/channels/${encodeURIComponent(this.#channel)}/events?${new URLSearchParams({ since: this.#since ?? '' })}`);
      return true;
    }
    if (this.#connection?.ping === undefined) {
      return false;
    }
    this.#heard = new Moment();
    this.#connection.ping();
    await this.#within(this.#heard, PATIENCE.answer, 'ping');
    return true;
  }

  /** When an event arrived. */
  async told(mark: number, seconds: number, stage: Stage): Promise<number> {
    await this.#within(this.#markOf(mark), seconds, stage);
    return this.#markOf(mark).at;
  }

  /** Wait, and see that it lasts. */
  async quiet(seconds: number): Promise<void> {
    try {
      await this.#within(new Moment(), seconds, 'hold');
    } catch (error) {
      if (this.#trouble !== undefined) {
        throw error;
      }
    }
  }

  close(): void {
    this.#connection?.close();
  }

  #markOf(mark: number): Moment {
    const moment = this.#marks.get(mark) ?? new Moment();
    this.#marks.set(mark, moment);
    return moment;
  }

  async #within(moment: Moment, seconds: number, stage: Stage): Promise<void> {
    this.#stage = stage;
    await Promise.race([moment.come, this.#over.come, pause(seconds * 1_000, this.#tools.signal)]);
    if (moment.isThere) {
      return;
    }
    if (this.#trouble !== undefined) {
      throw new Failed({ ...this.#trouble, stage });
    }
    const kind = (stage === 'open' || stage === 'follow') && (await this.#answersWhole()) ? 'held' : 'silent';
    throw new Failed({ kind, stage, reason: 'no answer in time', status: null, code: null, by: this.#by });
  }

  readonly #over = new Moment();

  /** Whether an answer that ends comes through: a position that is none is refused shortly, and whole. */
  async #answersWhole(): Promise<boolean> {
    const what = this.#check === 'eventsource' ? 'stream' : 'events';
    try {
      await ask(this.#tools, `api/channels/${encodeURIComponent(this.#channel)}/${what}?since=%20`);
      return true;
    } catch {
      return false;
    }
  }

  #link(): Link {
    return {
      url: this.#tools.url,
      client: newId(),
      runtime: this.#runtime(),
      silence: SILENCE_MS,
      token: () => this.#tools.token,
      follows: () => new Map([[this.#channel, { since: this.#since, batch: undefined }]]),
      answered: () => {
        this.#connected.now();
        this.#answered.now();
      },
      heard: () => this.#heard?.now(),
      expect: () => undefined,
      told: (_channel, message) => this.#took(message),
      current: () => undefined,
      refused: (_channel, { code, message }) => this.#end({ kind: 'closed', stage: this.#stage, reason: message, status: null, code, by: this.#by }),
      authenticated: () => undefined,
      ended: (ended) => this.#end(this.#troubleOf(ended)),
    };
  }

  #took(message: Told): void {
    this.#since = message.position;
    const { type, mark } = message as { readonly type: string; readonly mark?: unknown };
    if (type === 'doctor' && typeof mark === 'number') {
      this.#markOf(mark).now();
    }
  }

  #end(trouble: Trouble): void {
    this.#trouble ??= trouble;
    this.#over.now();
  }

  #troubleOf({ reason, announced, error }: Ended): Trouble {
    const trouble = { stage: this.#stage, reason, status: this.#status, by: this.#by };
    if (announced) {
      return { ...trouble, kind: this.#status === null ? 'closed' : 'status', code: error.code };
    }
    if (this.#status !== null && this.#status >= 400) {
      return { ...trouble, kind: 'status', reason: `HTTP ${this.#status}`, code: null };
    }
    return { ...trouble, kind: SOCKETS.includes(this.#check) && !this.#connected.isThere ? 'upgrade' : 'cut', code: null };
  }

  #runtime(): Runtime {
    const Socket = watchedSocket(() => this.#connected.now());
    const request: typeof fetch = async (input, init) => {
      const answer = await fetch(input, init);
      this.#status = answer.status;
      this.#by = answererOf(answer.headers);
      this.encoding = answer.headers.get('content-encoding');
      this.accelerated = answer.headers.has('x-accel-buffering');
      if (answer.ok) {
        this.#connected.now();
      }
      return answer;
    };
    return {
      now: () => Date.now(),
      random: () => Math.random(),
      newId,
      setTimeout: (call, ms) => setTimeout(call, ms),
      clearTimeout: (timer) => clearTimeout(timer as number),
      fetch: request,
      WebSocket: Socket as unknown as Runtime['WebSocket'],
      io: socketIo({ polling: this.#check === 'socketio-polling', WebSocket: Socket, fetch: request }) as unknown as Runtime['io'],
      page: undefined,
    };
  }
}

function watchedSocket(opened: () => void): typeof WebSocket {
  return class extends WebSocket {
    constructor(url: string | URL) {
      super(url);
      this.addEventListener('open', opened);
    }
  };
}

/** Something that happens once, and when it did: seconds of the page's clock. */
class Moment {
  at = 0;
  isThere = false;
  readonly come: Promise<void>;
  #tell: () => void = () => undefined;

  constructor() {
    this.come = new Promise((resolve) => (this.#tell = resolve));
  }

  now(): void {
    if (!this.isThere) {
      this.at = seconds();
      this.isThere = true;
      this.#tell();
    }
  }
}

export function seconds(): number {
  return performance.now() / 1_000;
}

/** Rejects when the page is left. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const leave = (): void => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', leave);
      resolve();
    }, ms);
    signal.addEventListener('abort', leave, { once: true });
  });
}

/** Not randomUUID: pages that are not served over HTTPS lack it. */
export function newId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

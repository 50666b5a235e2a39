/**
 * The client: channels above, the ladder below, and the positions between them. It is the only place that knows both.
 */
import { Backoff } from './backoff.js';
import { Channel, Feed } from './channel.js';
import type { Status, Types } from './channel.js';
import { HeadwayError, failed } from './endings.js';
import { isGap } from './following.js';
import type { Message } from './following.js';
import { askJson, post } from './http.js';
import { Ladder } from './ladder.js';
import type { LadderHost } from './ladder.js';
import type { Life } from './life.js';
import { Listeners } from './listeners.js';
import type { Gap, Published } from './messages.js';
import { Outbox } from './outbox.js';
import { watchPage } from './page.js';
import { covers, parsePosition } from './position.js';
import { Timer, systemRuntime } from './runtime.js';
import type { Runtime } from './runtime.js';
import { Scores } from './scores.js';
import { Token } from './token.js';
import type { GetToken } from './token.js';
import type { Follow, Publication, Transport } from './transports/interface.js';

export interface ClientOptions {
  /** A token that does not change. */
  readonly token?: string | undefined;
  /** Where to get a token: called before the first connection, before one expires, and when one is not taken. */
  readonly getToken?: GetToken | undefined;
  /** Time, chance and the network; for tests, and for programs that bring their own WebSocket, `fetch` or `io`. */
  readonly runtime?: Partial<Runtime> | undefined;
  /** Rounds in a row in which nothing is reached, before the client waits for `reconnect()`. Default: no end. */
  readonly maxReconnectAttempts?: number | undefined;
  /** Back-off: its first ceiling, in ms (2,000). */
  readonly reconnectDelay?: number | undefined;
  /** Back-off: its last ceiling, in ms (20,000). */
  readonly maxReconnectDelay?: number | undefined;
  /** Milliseconds of silence after which a connection counts as dead (20,000). */
  readonly heartbeatTimeout?: number | undefined;
  /** Publications that may wait (100). */
  readonly maxQueueSize?: number | undefined;
  /** After how long a demoted transport is tried again, in ms (30,000); doubled each time … */
  readonly promoteDelay?: number | undefined;
  /** … up to this (55,000). */
  readonly maxPromoteDelay?: number | undefined;
  /** False: nothing at all happens before `start()`, so a client may be made where it is not certain to be used. */
  readonly start?: boolean | undefined;
}

export interface ChannelOptions {
  /** Where to begin. Absent: the state, then live. Empty: everything the log holds. A position: everything after it. */
  readonly since?: string | undefined;
  /** Let events that are ready together come together: true, or the most in one message. */
  readonly batch?: boolean | number | undefined;
}

export interface PublishOptions {
  /** Newer events of the key supersede this one. */
  readonly key?: string | undefined;
  /** What makes sending it again safe. Default: a new one. */
  readonly idempotencyKey?: string | undefined;
}

export interface CommandOptions {
  readonly method?: string | undefined;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** For how long it is tried again, in ms (30,000). */
  readonly patience?: number | undefined;
  readonly idempotencyKey?: string | undefined;
}

/** After an interruption nothing was lost. */
export interface Recovered {
  readonly channel: string;
  readonly position: string;
  readonly transport: string;
}

interface Heard {
  status: Status;
  transport: string | undefined;
  gap: Gap;
  recovered: Recovered;
  error: HeadwayError;
}

// The back-off ends like Centrifuge's; it begins so high that a server that is away for a moment does not see a tenth of
// its clients in a tenth of a second: with 500 it saw a fourth. A stream's
// heartbeat comes every 15 s, so 20 s of silence say that it does not.
const RECONNECT_MS = 2_000;
const MOST_RECONNECT_MS = 20_000;
const SILENCE_MS = 20_000;
const QUEUE = 100;
const PROMOTE_MS = 30_000;
// So that a network that has healed is used within a minute.
const MOST_PROMOTE_MS = 55_000;
const PATIENCE_MS = 30_000;

export class Client {
  readonly url: URL;
  readonly #runtime: Runtime;
  readonly #options: ClientOptions;
  readonly #feeds = new Map<string, Feed>();
  readonly #listeners = new Listeners<Heard>();
  readonly #token: Token;
  readonly #ladder: Ladder;
  readonly #outbox: Outbox;
  readonly #again = new Map<string, { timer: Timer; backoff: Backoff }>();
  readonly #commands = new Set<(error: HeadwayError) => void>();
  #unwatch: (() => void) | undefined;
  #online = true;
  #status: Status = 'connecting';
  #transport: string | undefined;

  /** `connect` chooses transports by name; this takes them as they are, so that a bundle has only those it uses. */
  constructor(url: string | URL, transports: readonly Transport[], options: ClientOptions = {}) {
    this.url = baseOf(url);
    this.#options = options;
    this.#runtime = { ...systemRuntime(), ...defined(options.runtime ?? {}) };
    const usable = transports.filter((transport) => transport.usable(this.#runtime));
    if (usable.length === 0) {
      const names = transports.map((transport) => transport.name).join(', ') || 'none';
      throw new HeadwayError('usage', `none of the transports can be used here (${names}); name one more`);
    }
    this.#token = new Token(this.#runtime, options.token, options.getToken, (token) => this.#renewed(token));
    const scores = new Scores(
      usable.map((transport) => transport.name),
      this.#runtime.random,
      options.promoteDelay ?? PROMOTE_MS,
      options.maxPromoteDelay ?? MOST_PROMOTE_MS,
    );
    const attempts = options.maxReconnectAttempts ?? Infinity;
    this.#ladder = new Ladder(usable, this.#host(), scores, this.#newBackoff(), attempts);
    this.#outbox = new Outbox(
      this.#runtime,
      (publication) => this.#send(publication),
      () => this.#token.forget(),
      this.#newBackoff(),
      options.maxQueueSize ?? QUEUE,
    );
    if (options.start !== false) {
      this.start();
    }
  }

  get status(): Status {
    return this.#status;
  }

  /** The name of the transport that is used now. */
  get transport(): string | undefined {
    return this.#transport;
  }

  /** How many publications wait. */
  get queued(): number {
    return this.#outbox.size;
  }

  /** Hear `status`, `transport`, `gap`, `recovered` or `error`. Returns what ends it. */
  on<Name extends keyof Heard>(type: Name, listener: (value: Heard[Name]) => void): () => void {
    return this.#listeners.on(type, listener);
  }

  /**
   * Follow a channel. Each call is a reader of its own; all readers of a channel share one position, so only the first
   * says where to begin. Throws `HeadwayError` where another one began elsewhere.
   */
  channel<T extends Types = Types>(name: string, options: ChannelOptions = {}): Channel<T> {
    if (this.#ladder.state === 'closed') {
      throw new HeadwayError('closed', 'the client is closed; connect again');
    }
    let feed = this.#feeds.get(name);
    const late = feed !== undefined;
    if (feed !== undefined && options.since !== undefined) {
      const message = `channel '${name}' is followed already, from elsewhere; close that first, or connect once more`;
      throw new HeadwayError('usage', message);
    }
    if (feed === undefined) {
      feed = new Feed(name, options.since, options.batch, this.#runtime, () => this.#changed());
      this.#feeds.set(name, feed);
      this.#follow(name);
    }
    const shared = feed;
    const reader = new Channel<Types>(shared, (leaving) => this.#leave(shared, leaving));
    shared.readers.add(reader);
    if (late) {
      // A late reader of a channel is told its state, like a late reader of the log.
      const state = [...shared.following.state.values()].sort((one, other) => one.offset - other.offset);
      queueMicrotask(() => state.forEach((event) => reader.tell(event)));
    }
    this.#changed();
    return reader as unknown as Channel<T>;
  }

  /**
   * Publish an event, now or when there is a connection again; in order. Resolves when it is stored. Rejects with
   * `HeadwayError`. Trying again stores nothing twice.
   */
  publish(
    channel: string,
    type: string,
    data: Readonly<Record<string, unknown>> = {},
    options: PublishOptions = {},
  ): Promise<Published> {
    if (this.#ladder.state === 'closed') {
      return Promise.reject(new HeadwayError('closed', 'the client is closed; connect again'));
    }
    const event = { type, data, ...(options.key === undefined ? {} : { key: options.key }) };
    return this.#outbox.put({ channel, events: [event], key: options.idempotencyKey ?? this.#runtime.newId() });
  }

  /**
   * Ask the HTTP interface for something: `command('api/tasks/7/pause')` posts. Resolves with the JSON of the answer.
   * Tried again where that can help, with the same `Idempotency-Key`. Rejects with `HeadwayError`.
   */
  async command(path: string, options: CommandOptions = {}): Promise<unknown> {
    const backoff = this.#newBackoff();
    const until = this.#runtime.now() + (options.patience ?? PATIENCE_MS);
    const { body, method = 'POST' } = options;
    const init: RequestInit = {
      method,
      headers: {
        'Idempotency-Key': options.idempotencyKey ?? this.#runtime.newId(),
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    };
    for (let renewed = false; ; ) {
      try {
        await this.#token.fresh();
        return await askJson(this.#asker(), path.replace(/^\//, ''), init);
      } catch (thrown) {
        const ended = failed(thrown);
        const cause = thrown instanceof HeadwayError ? thrown : ended.error;
        if (ended.advice === 'renew' && !renewed && this.#token.forget()) {
          renewed = true;
          continue;
        }
        const delay = backoff.next(ended.retry);
        const hopeless = ended.advice !== 'reconnect' || !cause.retry;
        if (hopeless || this.#runtime.now() + delay > until || this.#ladder.state === 'closed') {
          throw cause;
        }
        await this.#sleep(delay);
      }
    }
  }

  /** Try at once, also after the client has given up. */
  reconnect(): void {
    if (this.#ladder.state === 'waiting' || this.#ladder.state === 'stopped') {
      this.#ladder.begin();
    } else {
      this.#ladder.check();
    }
  }

  /** Begin; or begin again after `stop()`, from where every reader stood. By itself a client starts when it is made. */
  start(): void {
    if (this.#ladder.state === 'closed') {
      return;
    }
    this.#unwatch ??= watchPage(this.#runtime, {
      check: () => this.#ladder.check(),
      online: (online) => this.#networkIs(online),
      suspend: () => this.#ladder.suspend(),
      resume: () => this.#ladder.begin(),
    });
    // What follows in the same breath is asked for with the first connection.
    queueMicrotask(() => this.#unwatch && this.#ladder.begin());
  }

  /** Hold no connection until `start()`. Readers keep their places, and publications wait. */
  stop(): void {
    this.#unwatch?.();
    this.#unwatch = undefined;
    this.#token.stop();
    this.#ladder.suspend();
  }

  /** End everything. What still waits to be published is rejected. */
  close(): void {
    this.stop();
    [...this.#feeds.values()].forEach((feed) => [...feed.readers].forEach((reader) => reader.close()));
    this.#ladder.close();
    const error = new HeadwayError('closed', 'the client was closed');
    this.#outbox.close(error);
    this.#commands.forEach((reject) => reject(error));
    this.#changed();
    this.#listeners.clear();
  }

  #host(): LadderHost {
    return {
      url: this.url,
      client: this.#runtime.newId(),
      runtime: this.#runtime,
      silence: this.#options.heartbeatTimeout ?? SILENCE_MS,
      token: () => this.#token.value,
      freshToken: () => this.#token.fresh(),
      renewToken: () => this.#token.forget(),
      follows: () => this.#follows(),
      told: (life, channel, message) => this.#told(life, channel, message),
      current: (life, channel) => life === this.#ladder.current && this.#feeds.get(channel)?.caughtUp(),
      refused: (channel, error) => this.#refused(channel, error),
      authenticated: (until) => until !== undefined && this.#token.holds(until),
      jumped: () => this.#ladder.check(),
      adopted: (life, lost) => this.#adopted(life, lost),
      lost: () => this.#lost(),
      gaveUp: (error) => this.#gaveUp(error),
      changed: () => this.#changed(),
    };
  }

  // The ladder's side.

  #follows(): Map<string, Follow> {
    const follows = new Map<string, Follow>();
    for (const [name, { following, batch, error }] of this.#feeds) {
      if (error === undefined) {
        follows.set(name, { since: following.since, batch });
      }
    }
    return follows;
  }

  #told(life: Life, channel: string, message: Message): void {
    const feed = this.#feeds.get(channel);
    if (feed === undefined || this.#blocked(life, feed, message)) {
      return;
    }
    for (const told of feed.take(message)) {
      if (isGap(told)) {
        life.gaps.add(channel);
        this.#listeners.emit('gap', told);
      }
    }
  }

  /**
   * Two connections that were opened before anything was told each begin at the head of their moment. The later one
   * may begin beyond where the reader stands by then: it has to begin anew, from there.
   */
  #blocked(life: Life, { name, following, batch }: Feed, message: Message): boolean {
    if (message.type === 'subscribed' && 'recovered' in message) {
      const beyond =
        message.snapshot !== undefined &&
        following.since !== undefined &&
        !covers(parsePosition(following.since), parsePosition(message.position));
      life.blocked.delete(name);
      if (beyond) {
        life.blocked.add(name);
        life.connection?.follow(name, { since: following.since, batch });
      }
    }
    return life.blocked.has(name);
  }

  #adopted(life: Life, lost: boolean): void {
    for (const [channel, feed] of this.#feeds) {
      this.#again.get(channel)?.backoff.reset();
      const position = feed.following.since;
      if (lost && position && this.#wasLive.has(channel) && !life.gaps.has(channel) && feed.error === undefined) {
        this.#listeners.emit('recovered', { channel, position, transport: life.name });
      }
    }
    this.#wasLive.clear();
    this.#outbox.go();
    this.#changed();
  }

  readonly #wasLive = new Set<string>();

  #lost(): void {
    for (const [channel, feed] of this.#feeds) {
      if (feed.following.since && feed.error === undefined) {
        this.#wasLive.add(channel);
      }
      feed.status = 'connecting';
    }
  }

  #gaveUp(error: HeadwayError): void {
    this.#listeners.emit('error', error);
    this.#changed();
  }

  #refused(channel: string, error: HeadwayError): void {
    const feed = this.#feeds.get(channel);
    if (feed === undefined) {
      return;
    }
    if (error.retry) {
      const again = this.#again.get(channel) ?? { timer: new Timer(this.#runtime), backoff: this.#newBackoff() };
      this.#again.set(channel, again);
      again.timer.start(again.backoff.next(), () => this.#follow(channel));
      return;
    }
    feed.error = error;
    feed.status = 'offline';
    this.#listeners.emit('error', error);
    this.#changed();
  }

  // The page's side.

  #follow(channel: string): void {
    const feed = this.#feeds.get(channel);
    if (feed !== undefined) {
      const how = { since: feed.following.since, batch: feed.batch };
      this.#ladder.lives.forEach((life) => life.connection?.follow(channel, how));
    }
  }

  #leave(feed: Feed, reader: Channel<Types>): void {
    feed.readers.delete(reader);
    if (feed.readers.size === 0 && this.#feeds.get(feed.name) === feed) {
      feed.stop();
      this.#feeds.delete(feed.name);
      this.#again.get(feed.name)?.timer.stop();
      this.#again.delete(feed.name);
      this.#ladder.lives.forEach((life) => life.connection?.unfollow(feed.name));
      this.#changed();
    }
  }

  #networkIs(online: boolean): void {
    this.#online = online;
    if (online) {
      this.#ladder.check();
    }
    this.#changed();
  }

  #renewed(token: string): void {
    this.#ladder.lives.forEach((life) => {
      if (life.connection?.renew(token) === false) {
        this.#ladder.replace();
      }
    });
  }

  #send(publication: Publication): Promise<Published> | undefined {
    const connection = this.#ladder.current?.connection;
    if (connection === undefined) {
      return undefined;
    }
    return connection.publish?.(publication) ?? this.#token.fresh().then(() => post(this.#asker(), publication));
  }

  #asker(): { url: URL; runtime: Runtime; token: () => string | undefined } {
    return { url: this.url, runtime: this.#runtime, token: () => this.#token.value };
  }

  #newBackoff(): Backoff {
    const { reconnectDelay = RECONNECT_MS, maxReconnectDelay = MOST_RECONNECT_MS } = this.#options;
    return new Backoff(this.#runtime.random, reconnectDelay, maxReconnectDelay);
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = new Timer(this.#runtime);
      const stop = (error: HeadwayError): void => {
        timer.stop();
        reject(error);
      };
      this.#commands.add(stop);
      timer.start(ms, () => {
        this.#commands.delete(stop);
        resolve();
      });
    });
  }

  #changed(): void {
    const transport = this.#ladder.current?.name;
    if (transport !== this.#transport) {
      this.#transport = transport;
      this.#listeners.emit('transport', transport);
    }
    const status = this.#statusNow();
    if (status !== this.#status) {
      this.#status = status;
      this.#listeners.emit('status', status);
    }
  }

  #statusNow(): Status {
    switch (this.#ladder.state) {
      case 'closed':
      case 'stopped':
      case 'suspended':
        return 'offline';
      case 'idle':
      case 'connecting':
      case 'waiting':
        return this.#online ? 'connecting' : 'offline';
      case 'connected': {
        const statuses = [...this.#feeds.values()].map((feed) => feed.status);
        return (['connecting', 'catching-up'] as const).find((status) => statuses.includes(status)) ?? 'live';
      }
    }
  }
}

/** The server's address: HTTP, and with a slash at its end. */
function baseOf(url: string | URL): URL {
  let base: URL;
  try {
    base = new URL(url, globalThis.location?.href);
  } catch {
    throw new HeadwayError('usage', `'${String(url)}' is no address; one looks like http://127.0.0.1:4000`);
  }
  base.protocol = base.protocol.replace(/^ws/, 'http');
  if (base.protocol !== 'http:' && base.protocol !== 'https:') {
    throw new HeadwayError('usage', `'${String(url)}' is no address of HTTP; one looks like http://127.0.0.1:4000`);
  }
  base.search = base.hash = '';
  if (!base.pathname.endsWith('/')) {
    base.pathname += '/';
  }
  return base;
}

/** Without what is undefined, so that it covers nothing up. */
function defined<T extends object>(values: T): T {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as T;
}

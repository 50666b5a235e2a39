/**
 * A channel as a page sees it. `Feed` is what the client keeps for each channel it follows, once; a `Channel` is one
 * reader of it, with its own listeners.
 */
import type { HeadwayError } from './endings.js';
import { Following, isGap } from './following.js';
import type { Message, Told } from './following.js';
import { Listeners } from './listeners.js';
import type { Event, Gap } from './messages.js';
import { covers, parsePosition } from './position.js';
import { Timer } from './runtime.js';
import type { Runtime } from './runtime.js';

/** Of a client, or of a channel. */
export type Status = 'connecting' | 'live' | 'catching-up' | 'offline';

/** Event types and their data, as a page declares them: `channel<{ progress: { percent: number } }>(…)`. */
export type Types = Readonly<Record<string, object>>;

/** An event of a declared type. */
export type EventOf<T extends Types, Name extends keyof T> = Event & T[Name] & { readonly type: Name };

type Heard<T extends Types> = { [Name in keyof T & string]: EventOf<T, Name> } & { '*': Told; gap: Gap };

/** Where a server does not say where the head is, so long without an event counts as being there. */
const QUIET_MS = 250;
/** Events that wait in a loop that is slower than they come; beyond it, overtaken ones are skipped. */
const BUFFER = 1_000;

/** What the client keeps for one channel. */
export class Feed {
  readonly following: Following;
  readonly readers = new Set<Channel<Types>>();
  error: HeadwayError | undefined;
  #status: Status = 'connecting';
  #head: string | undefined;
  readonly #quiet: Timer;

  constructor(
    readonly name: string,
    since: string | undefined,
    readonly batch: boolean | number | undefined,
    runtime: Runtime,
    private readonly onStatus: () => void,
  ) {
    this.following = new Following(since);
    this.#quiet = new Timer(runtime);
  }

  get status(): Status {
    return this.#status;
  }

  set status(status: Status) {
    if (status === this.#status) {
      return;
    }
    this.#quiet.stop();
    this.#status = status;
    if (status === 'catching-up') {
      this.#settle();
    }
    this.onStatus();
    this.readers.forEach((reader) => reader.changed(status));
  }

  /** The reader has been told all there is. */
  caughtUp(): void {
    if (this.#status === 'catching-up') {
      this.status = 'live';
    }
  }

  /** Take what a connection says, and tell the readers. Returns what they were told. */
  take(message: Message): Told[] {
    const since = this.following.since;
    const told = this.following.take(message);
    if (message.type === 'subscribed' && !('offset' in message)) {
      this.#head = typeof message.head === 'string' ? message.head : undefined;
      if (this.#status === 'connecting') {
        this.status = since === undefined ? 'live' : 'catching-up';
      }
    }
    told.forEach((one) => this.readers.forEach((reader) => reader.tell(one)));
    if (this.#status === 'catching-up') {
      this.#settle();
    }
    return told;
  }

  stop(): void {
    this.#quiet.stop();
  }

  #settle(): void {
    if (this.#head === undefined) {
      this.#quiet.start(QUIET_MS, () => this.caughtUp());
    } else if (covers(parsePosition(this.following.since ?? ''), parsePosition(this.#head))) {
      this.caughtUp();
    }
  }
}

/** One reader of a channel. */
export class Channel<T extends Types = Types> {
  readonly name: string;
  readonly #feed: Feed;
  readonly #leave: (channel: Channel<Types>) => void;
  readonly #listeners = new Listeners<Heard<T>>();
  readonly #statuses = new Listeners<{ status: Status }>();
  readonly #loops = new Set<Loop>();
  #closed = false;

  /** Made by `client.channel(…)`. */
  constructor(feed: Feed, leave: (channel: Channel<Types>) => void) {
    this.name = feed.name;
    this.#feed = feed;
    this.#leave = leave;
  }

  /** The latest event of each key. */
  get state(): ReadonlyMap<string, Event> {
    return this.#feed.following.state;
  }

  /** Where this reader stands; keep it, and go on from it with `since`. Undefined before anything was told. */
  get position(): string | undefined {
    return this.#feed.following.since;
  }

  get status(): Status {
    return this.#closed ? 'offline' : this.#feed.status;
  }

  /** Why the server does not let this channel be followed. */
  get error(): HeadwayError | undefined {
    return this.#feed.error;
  }

  /**
   * Hear events of a type, `gap`, or with `*` all of them. Without `since` the first are those of the state.
   * Returns what ends it.
   */
  on<Name extends keyof Heard<T>>(type: Name, listener: (told: Heard<T>[Name]) => void): () => void {
    return this.#listeners.on(type, listener);
  }

  /** Hear when the status changes. Returns what ends it. */
  onStatus(listener: (status: Status) => void): () => void {
    return this.#statuses.on('status', listener);
  }

  /** Everything the channel tells, gaps too, until it is closed. A loop that is too slow skips what was overtaken. */
  [Symbol.asyncIterator](): AsyncIterableIterator<Told> {
    const loop = new Loop((ended) => this.#loops.delete(ended));
    if (this.#closed) {
      loop.end();
    } else {
      this.#loops.add(loop);
    }
    return loop;
  }

  /** Follow it no more. Listeners hear nothing after this, and loops end. */
  close(): void {
    if (!this.#closed) {
      this.#closed = true;
      this.#listeners.clear();
      this.#loops.forEach((loop) => loop.end());
      this.#leave(this as unknown as Channel<Types>);
      this.#statuses.emit('status', 'offline');
      this.#statuses.clear();
    }
  }

  /** For the feed. @internal */
  tell(told: Told): void {
    const listeners = this.#listeners as unknown as Listeners<Record<string, Told>>;
    // An event cannot be of the type `gap`; a producer cannot make an event of the type `*` heard twice.
    if (told.type !== '*') {
      listeners.emit(isGap(told) ? 'gap' : told.type, told);
    }
    listeners.emit('*', told);
    this.#loops.forEach((loop) => loop.put(told));
  }

  /** For the feed. @internal */
  changed(status: Status): void {
    this.#statuses.emit('status', status);
  }
}

/** One `for await`. */
class Loop implements AsyncIterableIterator<Told> {
  readonly #buffer: Told[] = [];
  readonly #waiting: ((result: IteratorResult<Told>) => void)[] = [];
  readonly #ended: (loop: Loop) => void;
  #over = false;

  constructor(ended: (loop: Loop) => void) {
    this.#ended = ended;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  put(told: Told): void {
    const taker = this.#waiting.shift();
    if (taker !== undefined) {
      taker({ done: false, value: told });
      return;
    }
    if (this.#buffer.length >= BUFFER && keyOf(told) !== undefined) {
      const overtaken = this.#buffer.findIndex((one) => keyOf(one) === keyOf(told));
      if (overtaken >= 0) {
        this.#buffer.splice(overtaken, 1);
      }
    }
    this.#buffer.push(told);
  }

  next(): Promise<IteratorResult<Told>> {
    const told = this.#buffer.shift();
    if (told !== undefined) {
      return Promise.resolve({ done: false, value: told });
    }
    if (this.#over) {
      return Promise.resolve({ done: true, value: undefined });
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  return(): Promise<IteratorResult<Told>> {
    this.#buffer.length = 0;
    this.end();
    return Promise.resolve({ done: true, value: undefined });
  }

  end(): void {
    this.#over = true;
    this.#waiting.splice(0).forEach((resolve) => resolve({ done: true, value: undefined }));
    this.#ended(this);
  }
}

function keyOf(told: Told): string | undefined {
  return isGap(told) ? undefined : told.key;
}

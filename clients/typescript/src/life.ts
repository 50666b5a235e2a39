/**
 * The life of one connection: whether it was answered, when it was last heard, and how it ended.
 *
 * A peer that is gone without a word is noticed by its silence. Any frame counts as a sign of life. After half the
 * time that it may be silent it is asked for one, where the transport can ask; where it cannot, its own heartbeat (15 s
 * on a stream) or the answers to its polls are the signs, and a stream that something holds back has none.
 */
import { Ended, failed } from './endings.js';
import type { HeadwayError } from './endings.js';
import type { Message } from './following.js';
import { Timer } from './runtime.js';
import type { Runtime } from './runtime.js';
import type { Connection, Follow, Link, Transport } from './transports/interface.js';

type State = 'opening' | 'answered' | 'ended';
type Trigger = 'answer' | 'end';

/** What may happen when. Whatever is not here is a late word of a connection that is over, and is not heard. */
const TRANSITIONS: Readonly<Record<State, Partial<Record<Trigger, State>>>> = {
  opening: { answer: 'answered', end: 'ended' },
  answered: { answer: 'answered', end: 'ended' },
  ended: {},
};

/** Until the handshake is answered. Slow mobile networks need some seconds; beside it a lower transport is tried. */
const ANSWER_MS = 10_000;
/** For the answer to a question that a page asks because it has been away. */
const PROBE_MS = 3_000;

/** Whom a life tells. */
export interface LifeHost {
  readonly url: URL;
  readonly client: string;
  readonly runtime: Runtime;
  readonly silence: number;
  token(): string | undefined;
  follows(): ReadonlyMap<string, Follow>;
  told(life: Life, channel: string, message: Message): void;
  current(life: Life, channel: string): void;
  refused(channel: string, error: HeadwayError): void;
  authenticated(until: number | undefined): void;
  /** The clock has jumped: this machine has slept. */
  jumped(): void;
}

export class Life implements Link {
  readonly name: string;
  readonly url: URL;
  readonly client: string;
  readonly runtime: Runtime;
  readonly silence: number;
  /** Channels in which something was lost, as this connection said. */
  readonly gaps = new Set<string>();
  /** Channels of which nothing is heard until this connection has begun them anew. */
  readonly blocked = new Set<string>();
  /** It ended because nothing was heard. */
  fellSilent = false;
  readonly #host: LifeHost;
  readonly #onAnswered: (life: Life) => void;
  readonly #onEnded: (life: Life, ended: Ended) => void;
  readonly #beat: Timer;
  readonly #probe: Timer;
  readonly #owed = new Map<string, Timer>();
  readonly #began: number;
  #state: State = 'opening';
  #answeredAt = 0;
  #heardAt: number;
  #connection: Connection | undefined;

  constructor(
    transport: Transport,
    host: LifeHost,
    onAnswered: (life: Life) => void,
    onEnded: (life: Life, ended: Ended) => void,
  ) {
    this.name = transport.name;
    this.url = host.url;
    this.client = host.client;
    this.runtime = host.runtime;
    this.silence = host.silence;
    this.#host = host;
    this.#onAnswered = onAnswered;
    this.#onEnded = onEnded;
    this.#beat = new Timer(host.runtime);
    this.#probe = new Timer(host.runtime);
    this.#began = this.#heardAt = host.runtime.now();
    this.#listen();
    try {
      this.#connection = transport.open(this);
    } catch (error) {
      // Said later, like every other ending: whoever opened this does not have it in hand yet.
      queueMicrotask(() => this.ended(failed(error)));
    }
  }

  /** How long it has been of use. */
  get lived(): number {
    return this.#state === 'opening' ? 0 : this.runtime.now() - this.#answeredAt;
  }

  /** How long the handshake took. */
  get handshake(): number {
    return this.#answeredAt - this.#began;
  }

  get isAnswered(): boolean {
    return this.#state === 'answered';
  }

  get connection(): Connection | undefined {
    return this.#state === 'ended' ? undefined : this.#connection;
  }

  /** See to it that the peer is still there. False: it cannot be asked, and has been silent for long. */
  check(): boolean {
    const ping = this.#connection?.ping;
    if (ping === undefined) {
      return this.runtime.now() - this.#heardAt < (this.silence * 3) / 4;
    }
    const asked = this.runtime.now();
    ping.call(this.#connection);
    this.#probe.start(PROBE_MS, () => {
      if (this.#heardAt < asked) {
        this.ended(new Ended('the server does not answer any more'));
      }
    });
    return true;
  }

  /** End it, for a reason of ours. */
  close(): void {
    if (this.#go('end')) {
      this.#stop();
    }
  }

  // What the connection says.

  token(): string | undefined {
    return this.#host.token();
  }

  follows(): ReadonlyMap<string, Follow> {
    return this.#host.follows();
  }

  answered(): void {
    this.heard();
    const first = this.#state === 'opening';
    if (this.#go('answer') && first) {
      this.#answeredAt = this.runtime.now();
      this.#onAnswered(this);
    }
  }

  heard(): void {
    this.#heardAt = this.runtime.now();
  }

  expect(channel: string): void {
    if (this.#state === 'ended') {
      return;
    }
    const timer = this.#owed.get(channel) ?? new Timer(this.runtime);
    this.#owed.set(channel, timer);
    timer.start(this.silence / 2, () => {
      if (this.#host.follows().has(channel)) {
        this.ended(new Ended(`channel '${channel}' was asked for in vain`));
      }
    });
  }

  told(channel: string, message: Message): void {
    if (this.#state !== 'ended') {
      if (message.type === 'subscribed' && 'recovered' in message) {
        this.#met(channel);
      }
      this.#host.told(this, channel, message);
    }
  }

  current(channel: string): void {
    if (this.#state !== 'ended') {
      this.#host.current(this, channel);
    }
  }

  refused(channel: string, error: HeadwayError): void {
    this.#met(channel);
    if (this.#state !== 'ended') {
      this.#host.refused(channel, error);
    }
  }

  authenticated(until: number | undefined): void {
    if (this.#state !== 'ended') {
      this.#host.authenticated(until);
    }
  }

  ended(ended: Ended): void {
    const lived = this.lived;
    if (this.#go('end')) {
      this.#stop();
      this.#answeredAt = this.runtime.now() - lived;
      this.#onEnded(this, ended);
    }
  }

  #listen(): void {
    const began = this.runtime.now();
    // What has been silent for long enough is not given a moment more.
    const left = this.#heardAt + this.silence - began;
    const step = left > 0 ? Math.min(left, this.silence / 4) : this.silence / 4;
    this.#beat.start(step, () => {
      const now = this.runtime.now();
      if (now - began - step > this.silence / 2) {
        // The silence was this machine's own.
        this.#host.jumped();
      } else {
        this.#judge(now);
      }
      if (this.#state !== 'ended') {
        this.#listen();
      }
    });
  }

  #judge(now: number): void {
    const silent = now - this.#heardAt;
    if (this.#state === 'opening') {
      if (now - this.#began >= ANSWER_MS) {
        this.ended(new Ended('the handshake was not answered'));
      }
    } else if (this.#connection?.ping === undefined && this.#host.follows().size === 0) {
      // Nothing is held open, so nothing can be heard.
      this.#heardAt = now;
    } else if (silent >= this.silence) {
      this.fellSilent = true;
      this.ended(new Ended('the server has fallen silent'));
    } else if (silent >= this.silence / 2) {
      this.#connection?.ping?.();
    }
  }

  #met(channel: string): void {
    this.#owed.get(channel)?.stop();
    this.#owed.delete(channel);
  }

  #go(trigger: Trigger): boolean {
    const next = TRANSITIONS[this.#state][trigger];
    this.#state = next ?? this.#state;
    return next !== undefined;
  }

  #stop(): void {
    this.#beat.stop();
    this.#probe.stop();
    this.#owed.forEach((timer) => timer.stop());
    this.#connection?.close();
  }
}

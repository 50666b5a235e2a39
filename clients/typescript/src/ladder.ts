/**
 * The ladder: which connection counts, and what happens when it ends. No event passes through here, and no position.
 *
 *     idle ──begin──▶ connecting ──answered──▶ connected
 *                      │  ▲                      │  ▲ │
 *                 exhausted begin              lost  └─┘ make before break
 *                      ▼  │                      ▼
 *                     waiting ◀──────────────────┘
 *
 *     and from all of them: refuse ▶ stopped, suspend ▶ suspended (both may begin again), close ▶ closed
 *
 * The rules:
 * 1. In a round the transports are tried in the order of their scores. One that fails makes way for the next at once;
 *    one that hangs is joined by the next after a moment, and whichever is answered first is used.
 * 2. A better one that is answered later takes over: the new connection follows every channel from its position before
 *    the old one is closed, and what both tell is told once (`following.ts`).
 * 3. While something works, what is better is tried again beside it, after a time that grows with each failure. One
 *    that was demoted is watched for a moment before it takes over, since what kills sockets does so after they opened.
 * 4. Only when all have failed is there a wait: with full jitter, and never shorter than the server asked for.
 */
import type { Backoff } from './backoff.js';
import { Ended, HeadwayError, failed } from './endings.js';
import { Life } from './life.js';
import type { LifeHost } from './life.js';
import { Timer } from './runtime.js';
import { Scores, USEFUL_MS } from './scores.js';
import type { Transport } from './transports/interface.js';

export type LadderState = 'idle' | 'connecting' | 'connected' | 'waiting' | 'stopped' | 'suspended' | 'closed';
type Trigger = 'begin' | 'answered' | 'exhausted' | 'lost' | 'refuse' | 'suspend' | 'close';

const ENDS = { refuse: 'stopped', suspend: 'suspended', close: 'closed' } as const;

export const TRANSITIONS: Readonly<Record<LadderState, Partial<Record<Trigger, LadderState>>>> = {
  idle: { begin: 'connecting', ...ENDS },
  connecting: { answered: 'connected', exhausted: 'waiting', lost: 'waiting', ...ENDS },
  connected: { answered: 'connected', lost: 'waiting', ...ENDS },
  waiting: { begin: 'connecting', answered: 'connected', ...ENDS },
  stopped: { begin: 'connecting', close: 'closed' },
  suspended: { begin: 'connecting', close: 'closed' },
  closed: {},
};

/** After so long without an answer the next transport is tried beside it: three that hang still end within 5 s. */
const STAGGER_MS = 1_300;
/** In the first round after a loss it is known how long a handshake takes: so many times that, and no less than what
 * RFC 8305 has as the least. */
const STAGGER_FACTOR = 2;
const LEAST_STAGGER_MS = 100;
/** After a loss, back at once but not all in the same moment. A server that restarts is not up by then. */
const QUICK_MS = 100;
/** So often, without a steady life in between, or a demotion; then the back-off decides. */
const MOST_QUICK = 3;
/** A life that is no sign of a loop of opening and dying. */
const STEADY_MS = 2_000;
/** A better transport that merely lost the race, or stumbled once, is tried again after this. */
const EAGER_MS = 2_000;
/** How long a demoted transport that is answered again is watched: what kills sockets does so after 100–500 ms. */
const PROBATION_MS = 2_000;
/** New tokens in a row that the server does not take either. */
const MOST_RENEWALS = 3;

export interface LadderHost extends LifeHost {
  /** A token that is good now. Rejects where none can be had. */
  freshToken(): Promise<unknown>;
  /** The server does not take the token. False: there is no other. */
  renewToken(): boolean;
  /** Another connection counts now. `lost`: there was none in between. */
  adopted(life: Life, lost: boolean): void;
  /** The connection that counted is over. */
  lost(ended: Ended): void;
  /** There is no coming back without somebody's help. */
  gaveUp(error: HeadwayError): void;
  changed(): void;
}

export class Ladder {
  readonly #transports: ReadonlyMap<string, Transport>;
  readonly #host: LadderHost;
  readonly #scores: Scores;
  readonly #backoff: Backoff;
  readonly #mostAttempts: number;
  readonly #rising = new Set<Life>();
  readonly #stagger: Timer;
  readonly #wait: Timer;
  readonly #promotion: Timer;
  readonly #probation: Timer;
  #state: LadderState = 'idle';
  #current: Life | undefined;
  #queue: string[] = [];
  #failed: string[] = [];
  #round = 0;
  #attempts = 0;
  #renewals = 0;
  #hint: number | undefined;
  #quick = MOST_QUICK;
  #beside = false;
  #handshake = STAGGER_MS;

  constructor(
    transports: readonly Transport[],
    host: LadderHost,
    scores: Scores,
    backoff: Backoff,
    mostAttempts: number,
  ) {
    this.#transports = new Map(transports.map((transport) => [transport.name, transport]));
    this.#host = host;
    this.#scores = scores;
    this.#backoff = backoff;
    this.#mostAttempts = mostAttempts;
    this.#stagger = new Timer(host.runtime);
    this.#wait = new Timer(host.runtime);
    this.#promotion = new Timer(host.runtime);
    this.#probation = new Timer(host.runtime);
  }

  get state(): LadderState {
    return this.#state;
  }

  /** The connection that counts. */
  get current(): Life | undefined {
    return this.#current;
  }

  /** Every connection that is open or opening. */
  get lives(): Life[] {
    return [...(this.#current === undefined ? [] : [this.#current]), ...this.#rising];
  }

  /** Begin a round now, unless one is under way. */
  begin(): void {
    if (!this.#go('begin')) {
      return;
    }
    this.#wait.stop();
    const round = (this.#round += 1);
    this.#host.changed();
    this.#host.freshToken().then(
      () => {
        if (round === this.#round && this.#state === 'connecting') {
          this.#queue = this.#scores.rank(this.#now());
          this.#failed = [];
          this.#hint = undefined;
          this.#next();
        }
      },
      (error: unknown) => {
        if (round === this.#round) {
          this.#exhausted(failed(error));
        }
      },
    );
  }

  /** The page asks: something may have happened to the network. Whatever waits is done now. */
  check(): void {
    switch (this.#state) {
      case 'waiting':
        // Every page of this machine is told at once.
        this.#wait.start(this.#host.runtime.random() * QUICK_MS, () => this.begin());
        break;
      case 'connected':
        this.#scores.forgive();
        this.#promote();
        if (this.#current?.check() === false) {
          this.replace();
        }
    }
  }

  /** Open another connection of the same kind, and close this one when that is answered. */
  replace(): void {
    if (this.#current !== undefined) {
      this.#open(this.#current.name);
    }
  }

  /** Close everything until `begin`: a page that is frozen or left may keep no connection. */
  suspend(): void {
    this.#leave('suspend');
  }

  close(): void {
    this.#leave('close');
  }

  #leave(trigger: 'suspend' | 'close' | 'refuse'): void {
    if (!this.#go(trigger)) {
      return;
    }
    this.#round += 1;
    [this.#stagger, this.#wait, this.#promotion, this.#probation].forEach((timer) => timer.stop());
    const lives = this.lives;
    this.#current = undefined;
    this.#rising.clear();
    lives.forEach((life) => life.close());
    this.#host.changed();
  }

  /** Try the next transport of this round. */
  #next(): void {
    const name = this.#queue.shift();
    if (name === undefined) {
      if (this.#rising.size === 0) {
        this.#exhausted(undefined);
      }
      return;
    }
    const known = this.#beside ? 0 : Math.max(LEAST_STAGGER_MS, this.#handshake * STAGGER_FACTOR);
    this.#beside = false;
    this.#stagger.start(this.#attempts > 0 ? STAGGER_MS : Math.min(STAGGER_MS, known), () => this.#next());
    this.#open(name);
  }

  #open(name: string): void {
    const transport = this.#transports.get(name);
    if (transport !== undefined && ![...this.#rising].some((life) => life.name === name)) {
      this.#rising.add(
        new Life(
          transport,
          this.#host,
          (life) => this.#answered(life),
          (life, ended) => this.#ended(life, ended),
        ),
      );
    }
  }

  #answered(life: Life): void {
    // Something gets through, so what did not has only itself to blame.
    this.#failed.forEach((name) => this.#scores.strike(name, this.#now()));
    this.#failed = [];
    if (this.#current !== undefined && this.#worse(life, this.#current)) {
      this.#rising.delete(life);
      life.close();
    } else if (this.#current !== undefined && life.name !== this.#current.name && this.#scores.doubtful(life.name)) {
      this.#probation.start(PROBATION_MS, () => this.#adopt(life));
    } else {
      this.#adopt(life);
    }
  }

  #adopt(life: Life): void {
    const before = this.#current;
    const lost = this.#state !== 'connected';
    if (!this.#rising.has(life) || !this.#go('answered')) {
      return;
    }
    this.#rising.delete(life);
    this.#current = life;
    this.#handshake = life.handshake;
    this.#queue = [];
    [this.#stagger, this.#wait, this.#probation].forEach((timer) => timer.stop());
    this.#attempts = 0;
    this.#renewals = 0;
    for (const other of [...this.#rising]) {
      if (this.#worse(other, life) || other.name === life.name) {
        this.#rising.delete(other);
        other.close();
      }
    }
    this.#host.adopted(life, lost);
    before?.close();
    this.#promote();
  }

  /** Have what is better tried again, in time. */
  #promote(): void {
    const current = this.#current;
    const now = this.#now();
    const better = current === undefined ? undefined : this.#scores.promotion(current.name, now);
    if (better === undefined) {
      this.#promotion.stop();
      return;
    }
    const eager = EAGER_MS * (0.5 + this.#host.runtime.random() / 2);
    this.#promotion.start(better.at > now ? better.at - now : eager, () => {
      if (this.#current === current) {
        this.#open(better.name);
      }
    });
  }

  #ended(life: Life, ended: Ended): void {
    if (life === this.#current) {
      this.#currentEnded(life, ended);
      return;
    }
    this.#rising.delete(life);
    if (this.#current !== undefined) {
      this.#probation.stop();
      // A replacement of what works says nothing against it.
      if (life.name !== this.#current.name) {
        this.#scores.strike(life.name, this.#now());
      }
      this.#promote();
      return;
    }
    // What is put out by another connection of ours, or has one beside it that will be told the same, decides nothing.
    if (ended.advice === 'renew' || (ended.advice === 'stop' && this.#rising.size === 0)) {
      this.#over(ended);
      return;
    }
    if (!ended.announced) {
      this.#failed.push(life.name);
    }
    this.#hint = ended.retry ?? this.#hint;
    if (this.#state === 'connecting') {
      this.#next();
    }
  }

  #currentEnded(life: Life, ended: Ended): void {
    if (life.lived >= USEFUL_MS) {
      this.#scores.useful(life.name);
    }
    const demoted = life.lived < USEFUL_MS && !ended.announced && this.#scores.strike(life.name, this.#now());
    if (life.lived >= STEADY_MS) {
      this.#backoff.reset();
    }
    if (demoted || life.lived >= STEADY_MS) {
      this.#quick = MOST_QUICK;
    }
    this.#current = undefined;
    this.#promotion.stop();
    const other = [...this.#rising].find((rising) => rising.isAnswered);
    if (other !== undefined) {
      this.#adopt(other);
      return;
    }
    this.#host.lost(ended);
    // A connection that is on its way may be what the server ended this one for: one too many of this user.
    const back = ended.advice === 'reconnect' || this.#rising.size > 0;
    if (back && ended.retry === undefined && this.#quick > 0) {
      this.#quick -= 1;
      // Silence comes to each alone, and whatever swallowed the messages may swallow the handshake.
      this.#beside = life.fellSilent;
      this.#sleep('lost', life.fellSilent ? 0 : this.#host.runtime.random() * QUICK_MS);
    } else {
      this.#over(ended);
    }
  }

  /** What follows when nothing works, as the ending advises. */
  #over(ended: Ended): void {
    const renewable = ended.advice === 'renew' && (this.#renewals += 1) <= MOST_RENEWALS && this.#host.renewToken();
    if (ended.advice === 'stop' || (ended.advice === 'renew' && !renewable)) {
      this.#leave('refuse');
      this.#host.gaveUp(ended.error);
      return;
    }
    // The first new token is asked for at once.
    this.#sleep('lost', renewable && this.#renewals === 1 ? 0 : this.#backoff.next(ended.retry));
  }

  #exhausted(ended: Ended | undefined): void {
    this.#attempts += 1;
    if (this.#attempts >= this.#mostAttempts) {
      this.#leave('refuse');
      this.#host.gaveUp(new HeadwayError('network', `the server was not reached in ${this.#attempts} attempts`));
      return;
    }
    this.#sleep('exhausted', this.#backoff.next(ended?.retry ?? this.#hint));
  }

  #sleep(trigger: 'lost' | 'exhausted', ms: number): void {
    if (!this.#go(trigger)) {
      return;
    }
    this.#round += 1;
    this.#stagger.stop();
    this.#queue = [];
    this.#host.changed();
    this.#wait.start(ms, () => this.begin());
  }

  #worse(life: Life, than: Life): boolean {
    const order = [...this.#transports.keys()];
    return order.indexOf(life.name) > order.indexOf(than.name);
  }

  #go(trigger: Trigger): boolean {
    const next = TRANSITIONS[this.#state][trigger];
    this.#state = next ?? this.#state;
    return next !== undefined;
  }

  #now(): number {
    return this.#host.runtime.now();
  }
}

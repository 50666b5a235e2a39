/**
 * What waits to be published: in order, one at a time, bounded. Each has an idempotency key, so whatever became of an
 * attempt, the next one stores nothing twice.
 *
 * One at a time: two on their way could change places when a connection ends between them.
 */
import type { Backoff } from './backoff.js';
import { Ended, HeadwayError, failed } from './endings.js';
import type { Published } from './messages.js';
import { Timer } from './runtime.js';
import type { Runtime } from './runtime.js';
import type { Publication } from './transports/interface.js';

interface Item {
  readonly publication: Publication;
  readonly resolve: (published: Published) => void;
  readonly reject: (error: HeadwayError) => void;
}

/** What sends one. Undefined: there is no way now; `go` is called when there is one. */
export type Sender = (publication: Publication) => Promise<Published> | undefined;

/** For an answer; a connection that is alive but lost one answer would hold up everything. */
const ANSWER_MS = 15_000;
/** New tokens for one publication. */
const MOST_RENEWALS = 2;

export class Outbox {
  readonly #runtime: Runtime;
  readonly #send: Sender;
  readonly #renew: () => boolean;
  readonly #backoff: Backoff;
  readonly #most: number;
  readonly #again: Timer;
  readonly #items: Item[] = [];
  #sending = false;
  #renewals = 0;

  constructor(runtime: Runtime, send: Sender, renew: () => boolean, backoff: Backoff, most: number) {
    this.#runtime = runtime;
    this.#send = send;
    this.#renew = renew;
    this.#backoff = backoff;
    this.#most = most;
    this.#again = new Timer(runtime);
  }

  get size(): number {
    return this.#items.length;
  }

  /** Resolves when it is stored. Rejects when the server does not want it, or the queue is full. */
  put(publication: Publication): Promise<Published> {
    if (this.#items.length >= this.#most) {
      const message = `${this.#most} publications wait to be sent already; wait for some, or raise maxQueueSize`;
      return Promise.reject(new HeadwayError('queue_full', message));
    }
    return new Promise((resolve, reject) => {
      this.#items.push({ publication, resolve, reject });
      this.go();
    });
  }

  /** There may be a way now. */
  go(): void {
    const item = this.#items[0];
    if (item === undefined || this.#sending) {
      return;
    }
    const answer = this.#send(item.publication);
    if (answer === undefined) {
      return;
    }
    this.#again.stop();
    this.#sending = true;
    void this.#attempt(item, answer);
  }

  /** Give up on everything. */
  close(error: HeadwayError): void {
    this.#again.stop();
    this.#items.splice(0).forEach((item) => item.reject(error));
  }

  async #attempt(item: Item, answer: Promise<Published>): Promise<void> {
    const limit = new Timer(this.#runtime);
    try {
      const late = new Promise<never>((_resolve, reject) =>
        limit.start(ANSWER_MS, () => reject(new Ended('no answer in time'))),
      );
      item.resolve(await Promise.race([answer, late]));
      this.#done(item);
    } catch (error) {
      this.#failed(item, error);
    } finally {
      limit.stop();
    }
  }

  #failed(item: Item, error: unknown): void {
    const cause = error instanceof HeadwayError ? error : failed(error).error;
    const retry = error instanceof Ended ? error.retry : undefined;
    const renewed = cause.code === 'unauthorized' && (this.#renewals += 1) <= MOST_RENEWALS && this.#renew();
    if (!cause.retry && !renewed && !(error instanceof Ended && error.advice === 'reconnect')) {
      item.reject(cause);
      this.#done(item);
      return;
    }
    this.#sending = false;
    this.#again.start(this.#backoff.next(retry), () => this.go());
  }

  #done(item: Item): void {
    this.#sending = false;
    this.#renewals = 0;
    this.#backoff.reset();
    if (this.#items[0] === item) {
      this.#items.shift();
    }
    this.go();
  }
}

/**
 * How long to wait before coming back: exponential, with full jitter. The jitter comes after the cap, so that clients
 * that were cut together do not return together, however long the outage was.
 */
export class Backoff {
  readonly #random: () => number;
  readonly #first: number;
  readonly #most: number;
  #ceiling: number;

  constructor(random: () => number, first: number, most: number) {
    this.#random = random;
    this.#first = first;
    this.#most = most;
    this.#ceiling = Math.min(first, most);
  }

  /**
   * Milliseconds to wait now. Never less than the server asked for, which is spread a little more, since few servers
   * spread well; nor less than without its hint, so that a hint of 0 does not switch the waiting off.
   */
  next(hint?: number): number {
    const delay = this.#random() * this.#ceiling;
    this.#ceiling = Math.min(this.#most, this.#ceiling * 2);
    return hint === undefined ? delay : Math.max(delay, hint + Math.min(delay, hint / 4));
  }

  /** The connection was of use: the next cut begins anew. */
  reset(): void {
    this.#ceiling = Math.min(this.#first, this.#most);
  }
}

/**
 * Which transport to try first. A transport is judged by the lives of its connections, by what got through and not by
 * whether a socket opened:
 *
 *     a life                                      counts
 *     ------------------------------------------- -----------------------------------------------------
 *     useful: answered, and lasted                clears the transport of everything
 *     answered, but over soon                     a strike
 *     never answered, while another one did       a strike
 *     ended by the server's own word, or by us    nothing: a restart is no fault of a transport
 *     unanswered, like all others                 nothing: the server is away, or the whole network
 *
 * At two strikes in a row a transport is demoted: it is tried last, until a time that grows with each demotion and is
 * jittered. Then it is probed beside the connection that works. So a demotion is never for ever. Pure.
 */
export const USEFUL_MS = 10_000;
/** Boxes that kill a WebSocket do so within a second (facts of the field: 100–500 ms); ten is far beyond. */

/** One may be chance. Three of each transport of a bad network would take more than 5 s to reach the one that works. */
const MOST_STRIKES = 2;

interface Record {
  strikes: number;
  demotions: number;
  until: number;
}

export class Scores {
  readonly #records = new Map<string, Record>();

  constructor(
    private readonly order: readonly string[],
    private readonly random: () => number,
    private readonly first: number,
    private readonly most: number,
  ) {}

  /** All transports, the one to try first first. */
  rank(now: number): string[] {
    const good = this.order.filter((name) => !this.demoted(name, now));
    return [...good, ...this.order.filter((name) => this.demoted(name, now))];
  }

  demoted(name: string, now: number): boolean {
    return this.#of(name).until > now;
  }

  /** Whether it has not been of use since it was demoted. */
  doubtful(name: string): boolean {
    return this.#of(name).demotions > 0;
  }

  /** It was answered and lasted. */
  useful(name: string): void {
    this.#records.delete(name);
  }

  /** It was over soon, or not answered while another one was. Whether it has been demoted for the first time. */
  strike(name: string, now: number): boolean {
    const record = this.#of(name);
    record.strikes += 1;
    this.#records.set(name, record);
    // Who fails its probe has had its chance.
    if (record.strikes >= MOST_STRIKES || record.demotions > 0) {
      const ceiling = Math.min(this.most, this.first * 2 ** record.demotions);
      record.until = now + ceiling * (0.5 + this.random() / 2);
      record.demotions += 1;
      record.strikes = 0;
      return record.demotions === 1;
    }
    return false;
  }

  /** When to try the best of those that are better than this one, and which it is. */
  promotion(name: string, now: number): { name: string; at: number } | undefined {
    const better = this.order.slice(0, Math.max(0, this.order.indexOf(name)));
    const times = better.map((one) => ({ name: one, at: Math.max(now, this.#of(one).until) }));
    return times.sort((a, b) => a.at - b.at)[0];
  }

  /** Another network, or a healed one: what was learnt does not hold any more. */
  forgive(): void {
    this.#records.forEach((record) => (record.until = 0));
  }

  #of(name: string): Record {
    return this.#records.get(name) ?? { strikes: 0, demotions: 0, until: 0 };
  }
}

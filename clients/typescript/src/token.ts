/**
 * The token: fetched before it is needed, renewed before it expires, and never shown to anybody but the server.
 *
 * When it expires is what the server says (`auth_success {expires}`), or what a JWT says of itself where the transport
 * has no such answer. It is not checked here; a clock that is wrong only makes the renewal come late, and then the
 * server asks for it.
 */
import { HeadwayError } from './endings.js';
import { Timer } from './runtime.js';
import type { Runtime } from './runtime.js';

export type GetToken = () => string | Promise<string>;

/** Renewed so long before it expires; of a short-lived one, when a fifth is left. */
const MARGIN_MS = 60_000;
const MARGIN_SHARE = 0.2;
/** After a renewal that failed. */
const AGAIN_MS = 10_000;
/** Longer timers overflow. */
const LONGEST_MS = 86_400_000;

export class Token {
  readonly #runtime: Runtime;
  readonly #get: GetToken | undefined;
  readonly #renewed: (token: string) => void;
  readonly #timer: Timer;
  #value: string | undefined;
  #fetching: Promise<string | undefined> | undefined;

  constructor(
    runtime: Runtime,
    value: string | undefined,
    get: GetToken | undefined,
    renewed: (token: string) => void,
  ) {
    this.#runtime = runtime;
    this.#get = get;
    this.#renewed = renewed;
    this.#timer = new Timer(runtime);
    this.#take(value);
  }

  get value(): string | undefined {
    return this.#value;
  }

  /** One that is good now, as far as anybody knows. Rejects where none can be had. */
  fresh(): Promise<string | undefined> {
    if (this.#value !== undefined || this.#get === undefined) {
      return Promise.resolve(this.#value);
    }
    this.#fetching ??= this.#fetch().finally(() => (this.#fetching = undefined));
    return this.#fetching;
  }

  /** The server does not take it. False: there is no other. */
  forget(): boolean {
    if (this.#get !== undefined) {
      this.#value = undefined;
      this.#timer.stop();
    }
    return this.#get !== undefined;
  }

  /** It holds until then: milliseconds since 1970. */
  holds(until: number): void {
    if (this.#get === undefined) {
      return;
    }
    const left = until - this.#runtime.now();
    const margin = Math.min(MARGIN_MS, left * MARGIN_SHARE);
    // Not all at once, where many were given theirs together.
    const due = left - margin * (1 + this.#runtime.random() / 2);
    this.#timer.start(Math.min(LONGEST_MS, Math.max(0, due)), () => {
      if (due > LONGEST_MS) {
        this.holds(until);
      } else {
        this.#renew();
      }
    });
  }

  stop(): void {
    this.#timer.stop();
  }

  #renew(): void {
    const before = this.#value;
    this.#value = undefined;
    this.fresh().then(
      (token) => token !== undefined && this.#renewed(token),
      () => {
        // The old one holds a little longer.
        this.#value ??= before;
        this.#timer.start(AGAIN_MS, () => this.#renew());
      },
    );
  }

  async #fetch(): Promise<string | undefined> {
    try {
      this.#take(await this.#get?.());
    } catch (error) {
      throw new HeadwayError('unauthorized', `getToken failed: ${error instanceof Error ? error.message : String(error)}`);
    }
    return this.#value;
  }

  #take(value: string | undefined): void {
    this.#value = value;
    const until = value === undefined ? undefined : expiry(value);
    if (until !== undefined) {
      this.holds(until);
    }
  }
}

/** When a JWT says that it expires: milliseconds since 1970. */
function expiry(token: string): number | undefined {
  try {
    const payload = (token.split('.')[1] ?? '').replace(/-/g, '+').replace(/_/g, '/');
    const { exp } = JSON.parse(atob(payload)) as { exp?: unknown };
    return typeof exp === 'number' ? exp * 1000 : undefined;
  } catch {
    return undefined;
  }
}

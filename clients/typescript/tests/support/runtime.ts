/** Time that passes when a test says so, and transports that do as they are told. */
import type { Runtime } from '../../src/runtime.js';
import type { Connection, Follow, Link, Transport } from '../../src/transports/interface.js';

interface Due {
  readonly at: number;
  readonly call: () => void;
}

/** A runtime without any I/O. */
export class FakeRuntime implements Runtime {
  readonly WebSocket = undefined;
  readonly io = undefined;
  readonly page: Runtime['page'] = undefined;
  /** What `random()` gives. */
  chance: () => number = () => 0.5;
  #now = 1_000_000;
  #last = 0;
  readonly #timers = new Map<number, Due>();

  readonly now = (): number => this.#now;
  readonly random = (): number => this.chance();
  readonly newId = (): string => `id-${(this.#last += 1)}`;
  readonly fetch = (): Promise<Response> => Promise.reject(new Error('there is no network'));

  readonly setTimeout = (call: () => void, ms: number): unknown => {
    const id = (this.#last += 1);
    this.#timers.set(id, { at: this.#now + ms, call });
    return id;
  };

  readonly clearTimeout = (timer: unknown): void => {
    this.#timers.delete(timer as number);
  };

  /** How many timers are set. */
  get waiting(): number {
    return this.#timers.size;
  }

  /** Let time pass; whatever becomes due happens at its moment, and promises settle in between. */
  async pass(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settle();
    for (;;) {
      const next = [...this.#timers].filter(([, due]) => due.at <= end).sort(([, a], [, b]) => a.at - b.at)[0];
      if (next === undefined) {
        break;
      }
      this.#timers.delete(next[0]);
      this.#now = Math.max(this.#now, next[1].at);
      next[1].call();
      await settle();
    }
    this.#now = end;
  }

  /** The machine sleeps: time goes on, timers do not, until it wakes. */
  async sleep(ms: number): Promise<void> {
    this.#now += ms;
    await this.pass(0);
  }
}

/** Let promises settle. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) {
    await Promise.resolve();
  }
}

/** A connection in the hands of a test. */
export class FakeConnection implements Connection {
  readonly followed: [string, Follow][] = [];
  readonly tokens: string[] = [];
  closed = false;
  pings = 0;
  /** Whether it has stopped answering. */
  mute = false;

  constructor(readonly link: Link) {}

  follow(channel: string, how: Follow): void {
    this.followed.push([channel, how]);
  }

  unfollow(): void {
    // Nothing is told anyway.
  }

  ping(): void {
    this.pings += 1;
    if (!this.mute) {
      this.link.heard();
    }
  }

  renew(token: string): boolean {
    this.tokens.push(token);
    return true;
  }

  close(): void {
    this.closed = true;
  }
}

/** A transport whose connections do nothing by themselves. */
export class FakeTransport implements Transport {
  readonly opened: FakeConnection[] = [];
  /** What happens as soon as one is opened. */
  script: (connection: FakeConnection) => void = () => undefined;

  constructor(readonly name: string) {}

  usable(): boolean {
    return true;
  }

  open(link: Link): Connection {
    const connection = new FakeConnection(link);
    this.opened.push(connection);
    queueMicrotask(() => this.script(connection));
    return connection;
  }

  get last(): FakeConnection {
    return this.opened.at(-1)!;
  }

  get live(): FakeConnection[] {
    return this.opened.filter((connection) => !connection.closed);
  }
}

/**
 * Everything that comes from outside: time, chance, the network and the page. It is one value, so that tests run on a
 * clock of their own.
 */

/** The part of a WebSocket that is used: a browser's, or the one of the package `ws`. */
export interface Socket {
  onopen: ((event: never) => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number; reason: string }) => void) | null;
  onerror: ((event: never) => void) | null;
  send(text: string): void;
  close(code?: number): void;
}

/** The part of a stock Socket.IO client that is used. */
export interface IoSocket {
  on(type: string, listener: (...values: never[]) => void): unknown;
  onAny(listener: (type: string, ...values: unknown[]) => void): unknown;
  offAny(): unknown;
  off(): unknown;
  emit(type: string, ...values: unknown[]): unknown;
  disconnect(): unknown;
  readonly io?: { readonly engine?: { readonly transport?: { readonly name?: string } } };
}

/** The `io` of `socket.io-client`. */
export type Io = (url: string, options: object) => IoSocket;

/** Where a page tells what happens to it. */
export interface Page {
  addEventListener(type: string, listener: (event: { persisted?: boolean }) => void): void;
  removeEventListener(type: string, listener: (event: { persisted?: boolean }) => void): void;
}

export interface Runtime {
  /** Milliseconds since 1970. */
  now(): number;
  random(): number;
  /** A name that nobody else has. */
  newId(): string;
  setTimeout(call: () => void, ms: number): unknown;
  clearTimeout(timer: unknown): void;
  readonly fetch: typeof fetch;
  readonly WebSocket: (new (url: string) => Socket) | undefined;
  readonly io: Io | undefined;
  /** Undefined where there is none, as in Node. */
  readonly page: { readonly window: Page; readonly document: Page & { readonly visibilityState: string } } | undefined;
}

/** The runtime of this browser or program. */
export function systemRuntime(): Runtime {
  const here = globalThis as typeof globalThis & { io?: Io };
  const page = typeof window === 'object' && typeof document === 'object';
  return {
    now: () => Date.now(),
    random: () => Math.random(),
    // Not randomUUID: pages that are not served over HTTPS lack it.
    newId: () => Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(36)).join(''),
    setTimeout: (call, ms) => here.setTimeout(call, ms),
    clearTimeout: (timer) => here.clearTimeout(timer as number),
    fetch: (...request) => here.fetch(...request),
    WebSocket: here.WebSocket as unknown as Runtime['WebSocket'],
    io: here.io,
    page: page ? { window: window as unknown as Page, document: document as unknown as NonNullable<Runtime['page']>['document'] } : undefined,
  };
}

/** One timer that is set anew, never twice. */
export class Timer {
  #handle: unknown;

  constructor(private readonly runtime: Runtime) {}

  get set(): boolean {
    return this.#handle !== undefined;
  }

  start(ms: number, call: () => void): void {
    this.stop();
    this.#handle = this.runtime.setTimeout(() => {
      this.#handle = undefined;
      call();
    }, ms);
  }

  stop(): void {
    if (this.#handle !== undefined) {
      this.runtime.clearTimeout(this.#handle);
      this.#handle = undefined;
    }
  }
}

/**
 * Where a client runs: a tab of a real Chromium, or a Node process of its own. Both load the built client, as pages and
 * programs do, and both are told what to do by functions that are sent as text.
 */
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { Chromium } from './chromium.js';
import type { FaultProxy } from './proxy.js';

const ROOT = new URL('../../', import.meta.url);
const BUILT = new URL('../../src/headway/server/static/built/headway.mjs', ROOT);
const PAGE = `<!doctype html><title>A page</title>
<link rel="icon" href="data:,"><script src="/socket.io.min.js"></script><script src="/headway.js"></script>`;

/** One client's place. */
export interface Seat {
  /** Have this function called there. It knows nothing but its arguments and the globals: `Headway`, `io`. */
  call<Values extends unknown[], Result>(run: (...values: Values) => Result, ...values: Values): Promise<Awaited<Result>>;
  close(): Promise<void>;
}

export interface Place {
  readonly name: string;
  /** A place from which this proxy is reached. */
  open(proxy: FaultProxy): Promise<Seat>;
  stop(): Promise<void>;
}

/** Tabs of one Chromium. Each is on a page of its proxy's origin, which loads `/headway.js` from the server. */
export async function inChromium(): Promise<Place> {
  const browser = await Chromium.start();
  const stock = new URL('node_modules/socket.io-client/dist/socket.io.min.js', ROOT);
  const script = { type: 'text/javascript', body: readFileSync(stock, 'utf8') };
  return {
    name: 'Chromium',
    open: (proxy) => {
      proxy.pages.set('/page.html', { type: 'text/html', body: PAGE });
      proxy.pages.set('/socket.io.min.js', script);
      return browser.open(`${proxy.url}/page.html`);
    },
    stop: async () => {
      await browser.stop();
      if (browser.mistakes.length > 0) {
        throw new Error(`pages made mistakes: ${browser.mistakes.slice(0, 3).join('; ')}`);
      }
    },
  };
}

/** Node processes. */
export function inNode(): Place {
  return { name: 'Node', open: () => inProcess(), stop: () => Promise.resolve() };
}

/** One Node process. */
export function inProcess(): Promise<Seat> {
  const child = fork(fileURLToPath(new URL('tests/support/seat.mjs', ROOT)), [BUILT.href], { execArgv: [] });
  return new Promise((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`a place of Node ended with ${code}`)));
    child.once('message', () => resolve(new NodeSeat(child)));
  });
}

class NodeSeat implements Seat {
  readonly #child: ChildProcess;
  readonly #answers = new Map<number, (answer: { value?: unknown; error?: string }) => void>();
  #last = 0;

  constructor(child: ChildProcess) {
    this.#child = child;
    child.on('message', (message) => {
      const answer = message as { id: number; value?: unknown; error?: string };
      this.#answers.get(answer.id)?.(answer);
      this.#answers.delete(answer.id);
    });
    child.once('exit', (code) => this.#answers.forEach((answer) => answer({ error: `it ended with ${code}` })));
  }

  async call<Values extends unknown[], Result>(
    run: (...values: Values) => Result,
    ...values: Values
  ): Promise<Awaited<Result>> {
    const id = (this.#last += 1);
    const { value, error } = await new Promise<{ value?: unknown; error?: string }>((resolve) => {
      this.#answers.set(id, resolve);
      this.#child.send({ id, expression: `(${run.toString()})(...${JSON.stringify(values)})` });
    });
    if (error !== undefined) {
      throw new Error(error);
    }
    return value as Awaited<Result>;
  }

  close(): Promise<void> {
    const ended = new Promise<void>((resolve) => this.#child.once('exit', () => resolve()));
    this.#child.kill('SIGKILL');
    return ended;
  }
}

/**
 * The machine's Chromium, driven over the DevTools protocol: one process, a tab for each page.
 *
 *     > {"id": 1, "method": "Runtime.evaluate", "params": {…}, "sessionId": …}
 *     < {"id": 1, "result": {…}}        or {"method": "Runtime.exceptionThrown", …}, which nobody asked for
 */
import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { WebSocket } from 'ws';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'];
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  // Tabs beside each other are all to be treated as the one that is looked at.
  '--disable-background-timer-throttling',
  '--disable-backgrounding-occluded-windows',
  '--disable-renderer-backgrounding',
  '--remote-debugging-port=0',
];

type Fields = Readonly<Record<string, unknown>>;

interface Said {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Fields;
  readonly result?: Fields;
  readonly error?: { readonly message: string };
  readonly sessionId?: string;
}

/** Its name on this machine; undefined where there is none. */
export function chromium(): string | undefined {
  return NAMES.find((name) => spawnSync('which', [name]).status === 0);
}

export class Chromium {
  /** Errors that no page caught. */
  readonly mistakes: string[] = [];
  readonly #child: ChildProcess;
  readonly #socket: WebSocket;
  readonly #folder: string;
  readonly #answers = new Map<number, (said: Said) => void>();
  readonly #loads = new Map<string, () => void>();
  #last = 0;

  private constructor(child: ChildProcess, socket: WebSocket, folder: string) {
    this.#child = child;
    this.#socket = socket;
    this.#folder = folder;
    socket.on('message', (data) => this.#hear(JSON.parse(String(data)) as Said));
  }

  static async start(): Promise<Chromium> {
    const folder = await mkdtemp(join(tmpdir(), 'headway-chromium-'));
    const child = spawn(chromium() ?? NAMES[0]!, [...FLAGS, `--user-data-dir=${folder}`, 'about:blank'], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    process.once('exit', () => child.kill('SIGKILL'));
    const socket = new WebSocket(await listening(child), { perMessageDeflate: false });
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
    return new Chromium(child, socket, folder);
  }

  /** A tab with the page at this address, once it is loaded. */
  async open(url: string): Promise<Tab> {
    const { targetId } = await this.say('Target.createTarget', { url: 'about:blank' });
    const { sessionId } = await this.say('Target.attachToTarget', { targetId, flatten: true });
    const session = sessionId as string;
    await this.say('Runtime.enable', {}, session);
    await this.say('Page.enable', {}, session);
    const loaded = new Promise<void>((resolve) => this.#loads.set(session, resolve));
    await this.say('Page.navigate', { url }, session);
    await loaded;
    return new Tab(this, targetId as string, session);
  }

  async say(method: string, params: Fields, sessionId?: string): Promise<Fields> {
    const id = (this.#last += 1);
    const said = await new Promise<Said>((resolve) => {
      this.#answers.set(id, resolve);
      this.#socket.send(JSON.stringify({ id, method, params, ...(sessionId === undefined ? {} : { sessionId }) }));
    });
    if (said.error !== undefined) {
      throw new Error(`${method}: ${said.error.message}`);
    }
    return said.result ?? {};
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    void this.say('Browser.close', {}).catch(() => undefined);
    await ended;
    // Its helpers may write for a moment longer.
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 10 });
  }

  #hear(said: Said): void {
    if (said.id !== undefined) {
      this.#answers.get(said.id)?.(said);
      this.#answers.delete(said.id);
    } else if (said.method === 'Page.loadEventFired') {
      this.#loads.get(said.sessionId ?? '')?.();
      this.#loads.delete(said.sessionId ?? '');
    } else if (said.method === 'Runtime.exceptionThrown') {
      this.mistakes.push(describe(said.params?.['exceptionDetails']));
    }
  }
}

/** One page. */
export class Tab {
  constructor(
    private readonly browser: Chromium,
    private readonly target: string,
    private readonly session: string,
  ) {}

  /** Have the page call this function. It is sent as text: it knows nothing but its arguments and the page's globals. */
  async call<Values extends unknown[], Result>(
    run: (...values: Values) => Result,
    ...values: Values
  ): Promise<Awaited<Result>> {
    const expression = `(${run.toString()})(...${JSON.stringify(values)})`;
    const how = { expression, awaitPromise: true, returnByValue: true };
    const { result, exceptionDetails } = await this.browser.say('Runtime.evaluate', how, this.session);
    if (exceptionDetails !== undefined) {
      throw new Error(describe(exceptionDetails));
    }
    return (result as { value?: unknown }).value as Awaited<Result>;
  }

  async close(): Promise<void> {
    await this.browser.say('Target.closeTarget', { targetId: this.target });
  }
}

function describe(details: unknown): string {
  const { text, exception } = details as { text?: string; exception?: { description?: string } };
  return exception?.description ?? text ?? 'an error without a text';
}

function listening(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`Chromium ended with ${code}: ${text}`)));
    child.stderr?.on('data', (data: Buffer) => {
      text += data.toString();
      const found = /listening on (ws:\S+)/.exec(text);
      if (found !== null) {
        resolve(found[1]!);
      }
    });
  });
}

/** Somebody who publishes, and how to wait for what comes of it. */

/** What is waited for at most; a whole file may wait several times. */
const PATIENCE_MS = 60_000;

/** Resolves when it is so. Asks after each turn of the loop that lets others run: there is nothing to be told by. */
export async function until(what: string, isSo: () => boolean): Promise<void> {
  const began = performance.now();
  while (!isSo()) {
    if (performance.now() - began > PATIENCE_MS) {
      throw new Error(`waited in vain until ${what}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Somebody who publishes without a pause, past every proxy, until told to stop. */
export class Publisher {
  readonly #url: string;
  #stop = false;
  #running: Promise<void>;
  published = 0;

  constructor(url: string, channel: string, perRequest = 4) {
    this.#url = `${url}/api/channels/${encodeURIComponent(channel)}/events`;
    this.#running = this.#run(perRequest);
  }

  /** Resolves when so many more have been published. */
  async more(count: number): Promise<void> {
    const enough = this.published + count;
    await until(`${enough} events were published`, () => this.published >= enough);
  }

  async stop(): Promise<void> {
    this.#stop = true;
    await this.#running;
  }

  async #run(perRequest: number): Promise<void> {
    while (!this.#stop) {
      const events = Array.from({ length: perRequest }, (_, index) => ({
        type: 'step',
        data: { number: this.published + index },
      }));
      await fetch(this.#url, { method: 'POST', body: JSON.stringify(events) });
      this.published += perRequest;
      // Not to keep a core busy: several of these run at a time.
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}

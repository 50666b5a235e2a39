/** Publishes the events by which transports are examined, over HTTP, each once. */
import type { Client } from 'headway-client';

import { seconds } from './line.js';

const PATIENCE_MS = 5_000;
/** Characters of the channel, whose name nobody can guess, in the keys: a key has 255 at most. */
const KEY = 200;

export class Publisher {
  readonly #client: Client;
  readonly #channel: string;
  #count = 0;

  constructor(client: Client, channel: string) {
    this.#client = client;
    this.#channel = channel;
  }

  /** Its mark, and when it was sent. Rejects with `HeadwayError`. */
  async publish(): Promise<{ readonly mark: number; readonly at: number }> {
    const mark = (this.#count += 1);
    const at = seconds();
    await this.#client.command(`api/channels/${encodeURIComponent(this.#channel)}/events`, {
      body: { type: 'doctor', data: { mark } },
      idempotencyKey: `${this.#channel.slice(-KEY)}:${mark}`,
      patience: PATIENCE_MS,
    });
    return { mark, at };
  }
}

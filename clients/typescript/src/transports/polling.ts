/**
 * Long-polling: `GET /api/channels/{channel}/events?since=&wait=`, a loop for each channel. The `since` of a request
 * acknowledges the answer before it, so an answer that is lost on its way is simply asked for again.
 *
 * The first request does not wait: its answer is the handshake. Browsers open six connections to one origin, so at most
 * four are held; with more channels than that the waits are short and the channels take turns.
 */
import { Ended, failed } from '../endings.js';
import { ask, askJson, channelPath } from '../http.js';
import type { Event, Gap } from '../messages.js';
import { parsePosition } from '../position.js';
import type { Connection, Follow, Link, Transport } from './interface.js';

export const polling: Transport = {
  name: 'polling',
  usable: () => true,
  open: (link) => new PollingConnection(link),
};

/** What a poll is answered. */
export interface Page {
  readonly events: readonly (Event | Gap)[];
  readonly position: string;
  readonly more: boolean;
  readonly snapshot?: readonly Event[];
}

const SLOTS = 4;
/** Beyond half the silence a proxy that swallows requests would be noticed too late. */
const WAIT_SHARE = 0.5;
const SHORT_WAIT_SECONDS = 1;
/** For the answer to travel, beyond the wait. */
const SLACK_MS = 5_000;

class PollingConnection implements Connection {
  readonly #link: Link;
  readonly #loops = new Map<string, AbortController>();
  readonly #unanswered = new Set<string>();
  readonly #queue: (() => void)[] = [];
  #busy = 0;
  #over = false;

  constructor(link: Link) {
    this.#link = link;
    const follows = link.follows();
    follows.forEach((how, channel) => {
      this.#unanswered.add(channel);
      this.follow(channel, how);
    });
    if (follows.size === 0) {
      void this.#greet();
    }
  }

  follow(channel: string, { since }: Follow): void {
    this.#loops.get(channel)?.abort();
    this.#link.expect(channel);
    const abort = new AbortController();
    this.#loops.set(channel, abort);
    void this.#loop(channel, since, abort.signal).catch((error: unknown) => {
      if (!abort.signal.aborted) {
        this.#failed(channel, failed(error));
      }
    });
  }

  unfollow(channel: string): void {
    this.#loops.get(channel)?.abort();
    this.#loops.delete(channel);
    this.#met(channel);
  }

  renew(): boolean {
    // The next request shows it.
    return true;
  }

  close(): void {
    this.#over = true;
    this.#loops.forEach((abort) => abort.abort());
    this.#loops.clear();
  }

  async #loop(channel: string, asked: string | undefined, signal: AbortSignal): Promise<void> {
    let since = asked;
    let wait = 0;
    let lost = 0;
    while (!signal.aborted) {
      let page: Page;
      try {
        page = await this.#poll(channel, since, wait, signal);
        lost = 0;
      } catch (error) {
        // One answer that got lost is asked for again at once; a second one says that the way is barred.
        const ended = failed(error);
        if (signal.aborted || ended.announced || wait === 0 || (lost += 1) > 1) {
          throw ended;
        }
        continue;
      }
      if (signal.aborted) {
        return;
      }
      this.#link.heard();
      if (wait === 0) {
        this.#told(channel, asked, since === asked, page);
      }
      page.events.forEach((event) => this.#link.told(channel, event));
      since = page.position;
      if (!page.more) {
        this.#link.current(channel);
        const share = (this.#link.silence / 1000) * WAIT_SHARE;
        wait = this.#loops.size > SLOTS ? SHORT_WAIT_SECONDS : share;
      }
      this.#met(channel);
    }
  }

  /** What the other transports say as `subscribed`. */
  #told(channel: string, asked: string | undefined, first: boolean, page: Page): void {
    if (!first) {
      return;
    }
    const lost = page.events.some((event) => event.type === 'gap' && !('offset' in event));
    const position = asked === undefined ? page.position : adopted(asked, page);
    this.#link.told(channel, {
      type: 'subscribed',
      channel,
      position,
      recovered: asked !== undefined && !lost,
      ...(page.snapshot === undefined ? {} : { snapshot: page.snapshot }),
    });
  }

  async #poll(channel: string, since: string | undefined, wait: number, signal: AbortSignal): Promise<Page> {
    await this.#slot();
    try {
      const query = new URLSearchParams({ ...(since === undefined ? {} : { since }), wait: String(wait) });
      const path = `${channelPath(channel, 'events')}?${query.toString()}`;
      return (await askJson(this.#link, path, { signal }, wait * 1000 + SLACK_MS)) as Page;
    } finally {
      this.#busy -= 1;
      this.#queue.shift()?.();
    }
  }

  async #slot(): Promise<void> {
    if (this.#busy >= SLOTS) {
      await new Promise<void>((resolve) => this.#queue.push(resolve));
    }
    this.#busy += 1;
  }

  /** Nothing to follow yet: whether the server is there at all. */
  async #greet(): Promise<void> {
    try {
      await ask(this.#link, 'api/health');
      if (!this.#over) {
        this.#link.heard();
        this.#link.answered();
      }
    } catch (error) {
      this.#end(failed(error));
    }
  }

  #met(channel: string): void {
    if (this.#unanswered.delete(channel) && this.#unanswered.size === 0 && !this.#over) {
      this.#link.answered();
    }
  }

  #failed(channel: string, ended: Ended): void {
    if (this.#over) {
      return;
    }
    if (ended.advice === 'stop' || ended.error.code === 'too_many') {
      this.unfollow(channel);
      this.#link.refused(channel, ended.error);
      return;
    }
    this.#end(ended);
  }

  #end(ended: Ended): void {
    if (!this.#over) {
      this.close();
      this.#link.ended(ended);
    }
  }
}

/** Where reading began: what was asked, under the epoch of now. */
function adopted(asked: string, page: Page): string {
  return asked === '' ? '' : `${parsePosition(page.position).epoch}.${parsePosition(asked).offset}`;
}

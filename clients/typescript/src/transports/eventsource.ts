/**
 * Server-Sent Events, read with `fetch`: one stream for all channels.
 *
 *     retry: 2000                          the first says nothing; a later one: the stream is about to end, come back then
 *     data: {"type":"subscribed",…}        one for each channel
 *     data: {"type":"progress",…}
 *     event: heartbeat                     every 15 s
 *
 * Not with `EventSource`: that sets no header, so its token would stand in the address, and it hides the status, the
 * delay it is told and the heartbeats of a stream that something buffers.
 *
 * A stream of several channels begins at one token of positions, each recognised by its epoch. A channel without a
 * position gets one from a poll first. Following one more opens another stream beside this one, which goes on until the
 * new one speaks.
 */
import { Ended, failed, refused } from '../endings.js';
import { ask, askJson, channelPath } from '../http.js';
import type { Message } from '../following.js';
import type { Connection, Follow, Link, Transport } from './interface.js';
import type { Page } from './polling.js';

export const eventsource: Transport = {
  name: 'eventsource',
  // Not every browser of the last years can read a body while it arrives.
  usable: () => typeof ReadableStream === 'function' && typeof TextDecoderStream === 'function',
  open: (link) => new EventSourceConnection(link),
};

class EventSourceConnection implements Connection {
  readonly #link: Link;
  #streams: AbortController[] = [];
  #due = false;
  #over = false;

  constructor(link: Link) {
    this.#link = link;
    this.#reopen();
  }

  follow(channel: string): void {
    this.#link.expect(channel);
    this.#reopen();
  }

  unfollow(): void {
    this.#reopen();
  }

  renew(): boolean {
    this.#reopen();
    return true;
  }

  close(): void {
    this.#over = true;
    this.#streams.forEach((stream) => stream.abort());
    this.#streams = [];
  }

  /** Soon, once for all that is asked in one go. */
  #reopen(): void {
    if (!this.#due) {
      this.#due = true;
      queueMicrotask(() => {
        this.#due = false;
        if (!this.#over) {
          void this.#stream(new AbortController());
        }
      });
    }
  }

  async #stream(abort: AbortController): Promise<void> {
    this.#streams.push(abort);
    try {
      const follows = this.#link.follows();
      if (follows.size === 0) {
        await ask(this.#link, 'api/health', { signal: abort.signal });
        this.#speaks(abort);
        return;
      }
      const token = await this.#token(follows, abort.signal);
      const response = await ask(this.#link, address([...follows.keys()], this.#link.client, token), {
        headers: { Accept: 'text/event-stream' },
        signal: abort.signal,
      });
      throw await this.#read(response, abort, new Set(follows.keys()));
    } catch (error) {
      if (!abort.signal.aborted && !this.#over) {
        this.#failed(failed(error), abort);
      }
    }
  }

  /** Read until the end, and return what the end means. */
  async #read(response: Response, abort: AbortController, unanswered: Set<string>): Promise<Ended> {
    let retry: number | undefined;
    for await (const frame of frames(response, () => this.#link.heard())) {
      if (abort.signal.aborted) {
        break;
      }
      if (frame.data === undefined) {
        // Before any channel has been named it is the usual delay, not a farewell.
        retry = unanswered.size === 0 ? frame.retry : undefined;
        continue;
      }
      if (frame.event !== undefined) {
        continue;
      }
      const message = JSON.parse(frame.data) as Message;
      if (typeof message.channel !== 'string') {
        // A word about the stream itself: that it must end.
        return refused(message, retry);
      }
      this.#link.told(message.channel, message);
      if (message.type === 'subscribed' && unanswered.delete(message.channel) && unanswered.size === 0) {
        this.#speaks(abort);
      }
    }
    return new Ended('the stream ended', 'reconnect', { retry, announced: retry !== undefined });
  }

  /** The stream has told where each channel begins: those before it are not needed any more. */
  #speaks(abort: AbortController): void {
    if (this.#over || abort.signal.aborted) {
      return;
    }
    const at = this.#streams.indexOf(abort);
    this.#streams.splice(0, at).forEach((stream) => stream.abort());
    this.#link.heard();
    this.#link.answered();
  }

  /** One token for all positions; channels that have none yet are given one first. */
  async #token(follows: ReadonlyMap<string, Follow>, signal: AbortSignal): Promise<string | undefined> {
    if (follows.size === 1) {
      return [...follows.values()][0]?.since;
    }
    for (const [channel, { since }] of follows) {
      if (!since) {
        const query = since === undefined ? '' : '?since=';
        const page = (await askJson(this.#link, channelPath(channel, `events${query}`), { signal })) as Page;
        this.#begin(channel, since, page);
      }
    }
    return [...this.#link.follows()].flatMap(([channel, { since }]) => (follows.has(channel) && since ? [since] : [])).join();
  }

  #begin(channel: string, since: string | undefined, page: Page): void {
    if (page.snapshot !== undefined) {
      const { position, snapshot } = page;
      this.#link.told(channel, { type: 'subscribed', channel, position, recovered: since !== undefined, snapshot });
    }
    page.events.forEach((event) => this.#link.told(channel, event));
    if (since === '' && page.events.length === 0) {
      this.#link.told(channel, { type: 'subscribed', channel, position: page.position, recovered: true });
    }
  }

  #failed(ended: Ended, abort: AbortController): void {
    const { channel } = ended.error.details as { channel?: unknown };
    if (ended.advice === 'stop' && typeof channel === 'string' && this.#link.follows().has(channel)) {
      // The others can go on without it.
      this.#streams = this.#streams.filter((stream) => stream !== abort);
      this.#link.refused(channel, ended.error);
      this.#reopen();
      return;
    }
    this.close();
    this.#link.ended(ended);
  }
}

function address(channels: readonly string[], client: string, since: string | undefined): string {
  const query = new URLSearchParams({ client, ...(since === undefined ? {} : { since }) });
  if (channels.length === 1) {
    return `${channelPath(channels[0]!, 'stream')}?${query.toString()}`;
  }
  channels.forEach((channel) => query.append('channel', channel));
  return `api/stream?${query.toString()}`;
}

interface Frame {
  event?: string;
  data?: string;
  retry?: number;
}

/** The frames of an event stream (HTML standard, section 9.2). */
async function* frames(response: Response, heard: () => void): AsyncGenerator<Frame> {
  let rest = '';
  let frame: Frame = {};
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) {
        return;
      }
      heard();
      const lines = (rest + value).split('\n');
      rest = lines.pop() ?? '';
      for (const raw of lines) {
        const line = raw.endsWith('\r') ? raw.slice(0, -1) : raw;
        if (line === '') {
          if (Object.keys(frame).length > 0) {
            yield frame;
          }
          frame = {};
          continue;
        }
        const colon = line.indexOf(':');
        const text = line.slice(colon + 1).replace(/^ /, '');
        switch (line.slice(0, colon)) {
          case 'event':
            frame.event = text;
            break;
          case 'data':
            frame.data = frame.data === undefined ? text : `${frame.data}\n${text}`;
            break;
          case 'retry':
            frame.retry = Number(text);
        }
      }
    }
  } finally {
    void reader.cancel().catch(() => undefined);
  }
}

/**
 * The events of a run, read from the durable log by pages, and then heard live.
 *
 *     GET /api/channels/{channel}/events?since=&limit=
 *
 * A short run is read whole when its page is opened. Of a long one the end is, and the rest when somebody wants to see it.
 */
import type { Client, Event } from 'headway-client';
import { HeadwayError } from 'headway-client';
import { useHeadway } from 'headway-react';
import { useEffect, useMemo, useSyncExternalStore } from 'react';

import { Timeline } from './timeline.js';

/** A megabyte or so: what a page may ask for unasked. */
const SHORT = 1_500;
const PAGE = 1_000;
const PATIENCE_MS = 10_000;

interface Page {
  readonly events: readonly (Event & { readonly type: string })[];
  readonly position: string;
  readonly more?: boolean;
}

export interface Shown {
  readonly timeline: Timeline;
  /** It changes whenever the timeline does. */
  readonly version: number;
  /** Every event that the log holds is there. */
  readonly whole: boolean;
  readonly loading: boolean;
  /** How many events there are, as far as it is known. */
  readonly length: number;
  /** The log no longer holds its beginning. */
  readonly trimmed: boolean;
  readonly error: HeadwayError | undefined;
}

export class Recording {
  shown: Shown;
  readonly #client: Client;
  readonly #channel: string;
  readonly #id: string;
  readonly #listeners = new Set<() => void>();
  #closed = false;
  #task: Promise<void> | undefined;

  constructor(client: Client, channel: string, id: string) {
    this.#client = client;
    this.#channel = channel;
    this.#id = id;
    this.shown = {
      timeline: new Timeline(id),
      version: 0,
      whole: false,
      loading: false,
      length: 0,
      trimmed: false,
      error: undefined,
    };
  }

  readonly follow = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  open(): void {
    this.#closed = false;
    this.#task ??= this.#load(false);
  }

  close(): void {
    this.#closed = true;
  }

  /** Read all that the log holds. */
  async loadWhole(): Promise<void> {
    await this.#task;
    this.#task = this.#load(true);
    await this.#task;
  }

  /** What was heard live. */
  hear(events: readonly Event[]): void {
    const { timeline } = this.shown;
    // Most of them are known; they are in order.
    const fresh = events.slice(events.findLastIndex(({ offset }) => offset <= timeline.last) + 1);
    // As long as the past is read, the live end of it is read too.
    if (fresh.length > 0 && !this.shown.loading) {
      fresh.forEach((event) => timeline.add(event));
      this.#show({ length: Math.max(this.shown.length, timeline.last) });
    }
  }

  async #load(whole: boolean): Promise<void> {
    this.#show({ loading: true, error: undefined });
    try {
      const head = await this.#page(undefined);
      const [length, epoch] = [offsetOf(head.position), head.position.slice(0, head.position.lastIndexOf('.'))];
      const all = whole || length <= SHORT;
      const timeline = new Timeline(this.#id);
      let trimmed = false;
      let since = all ? '' : `${epoch}.${length - PAGE}`;
      for (let more = true; more && !this.#closed; ) {
        const page = await this.#page(since);
        for (const event of page.events) {
          if (event.type === 'gap') {
            trimmed = true;
          } else {
            timeline.add(event);
          }
        }
        trimmed ||= all && since === '' && (page.events[0]?.offset ?? 1) > 1;
        since = page.position;
        more = page.more === true;
        this.#show({ length: Math.max(length, timeline.last) });
      }
      this.#show({ timeline, whole: all, loading: false, trimmed });
    } catch (thrown) {
      const error = thrown instanceof HeadwayError ? thrown : new HeadwayError('network', String(thrown));
      this.#show({ loading: false, error });
    }
  }

  async #page(since: string | undefined): Promise<Page> {
    const query = since === undefined ? '' : `?${new URLSearchParams({ since, limit: String(PAGE) })}`;
    const path = `api/channels/${encodeURIComponent(this.#channel)}/events${query}`;
    return (await this.#client.command(path, { method: 'GET', patience: PATIENCE_MS })) as Page;
  }

  #show(change: Partial<Shown>): void {
    this.shown = { ...this.shown, ...change, version: this.shown.version + 1 };
    this.#listeners.forEach((listener) => listener());
  }
}

/** The recording of a channel, as long as it is looked at. Read once the channel is live, so that nothing falls between. */
export function useRecording(channel: string | undefined, id: string, live: boolean): Recording {
  const client = useHeadway();
  const recording = useMemo(() => new Recording(client, channel ?? '', id), [client, channel, id]);
  useSyncExternalStore(recording.follow, () => recording.shown);
  useEffect(() => {
    if (channel !== undefined && live) {
      recording.open();
    }
  }, [recording, channel, live]);
  useEffect(() => () => recording.close(), [recording]);
  return recording;
}

function offsetOf(position: string): number {
  return Number(position.slice(position.lastIndexOf('.') + 1)) || 0;
}

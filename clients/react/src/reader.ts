/**
 * One channel, read once for all components of a page that follow it. What comes is collected at once and shown at the
 * next frame. The channel is left when nobody follows it any more.
 */
import { HeadwayError } from 'headway-client';
import type { Channel, Client, Event, Gap, Status, Told } from 'headway-client';

import { before, wider, widest } from './beginning.js';
import type { Beginning } from './beginning.js';
import { atNextFrame, notAtNextFrame } from './frames.js';
import { NOTHING, View } from './view.js';
import type { ChannelView, Choice, Common, Recovery } from './view.js';

/** Gaps and recoveries that are kept: enough to see that it goes on happening. */
const KEPT_NOTICES = 20;
/** For the head of the log, where `last` was asked for; then the state has to do. */
const HEAD_PATIENCE_MS = 5_000;

/** Who wants to know what happened to the connection, as seen from here. */
export interface ReaderHost {
  recovered(channel: string, updates: number): void;
  lost(gap: Gap): void;
  /** Nobody follows this channel any more. */
  left(reader: Reader): void;
}

export class Reader {
  readonly name: string;
  readonly #client: Client;
  readonly #host: ReaderHost;
  readonly #views = new Map<string, View>();
  readonly #followers = new Map<object, Beginning>();
  #channel: Channel | undefined;
  #begun: Beginning | undefined;
  #opening = 0;
  #state: Common['state'] = NOTHING.state;
  /** Where it begins behind the state: what was the latest of each key then. What comes supersedes it. */
  #earlier: ReadonlyMap<string, Event> = NOTHING.state;
  #stateFresh = false;
  #gaps: readonly Gap[] = [];
  #recoveries: readonly Recovery[] = [];
  #error: HeadwayError | undefined;
  #wasLive = false;
  /** Begun anew: what was shown stays until there is something. */
  #quiet = false;
  /** The connection was lost after it had been live: how many updates have come since, and whether any is missing. */
  #away: { updates: number; lost: boolean } | undefined;

  constructor(client: Client, name: string, host: ReaderHost) {
    this.#client = client;
    this.name = name;
    this.#host = host;
  }

  /** What a component with this choice sees now. */
  shown(key: string): ChannelView {
    return this.#views.get(key)?.shown ?? NOTHING;
  }

  /** Follow with a choice; `key` is its spelling. Returns what ends it. */
  follow(key: string, choice: Choice, beginning: Beginning, notify: () => void): () => void {
    const follower = {};
    // A function of its own, so that the same one may follow twice and leave once.
    const mine = (): void => notify();
    const view = this.#views.get(key) ?? this.#newView(key, choice);
    view.notify.add(mine);
    this.#followers.set(follower, beginning);
    // Not now: all components of a page that appear together say first where they want to begin.
    queueMicrotask(() => this.#begin());
    return () => {
      this.#followers.delete(follower);
      view.notify.delete(mine);
      if (view.notify.size === 0) {
        this.#views.delete(key);
      }
      if (this.#followers.size === 0) {
        this.#leave();
      }
    };
  }

  #newView(key: string, choice: Choice): View {
    const view = new View(choice);
    this.#views.set(key, view);
    if (this.#channel !== undefined) {
      // Late, and so told the state, like a late reader of the log.
      [...this.#latest().values()].sort((one, other) => one.offset - other.offset).forEach((event) => view.take(event));
      view.show(this.#common());
    }
    return view;
  }

  #begin(): void {
    const wanted = widest(this.#followers.values());
    if (this.#followers.size === 0 || (this.#begun !== undefined && !wider(wanted, this.#begun))) {
      return;
    }
    this.#quiet = this.#begun !== undefined;
    this.#begun = wanted;
    this.#close();
    this.#gaps = [];
    this.#views.forEach((view) => view.clear());
    const opening = this.#opening;
    if (wanted.since === undefined && wanted.last !== undefined && wanted.last > 0) {
      this.#headOf().then(
        (head) => {
          if (opening === this.#opening) {
            this.#earlier = new Map(head?.snapshot.map((event) => [event.key ?? '', event]));
            this.#stateFresh = true;
            this.#open(head && before(head.position, wanted.last ?? 0));
          }
        },
        // Why not is what following it will say.
        () => opening === this.#opening && this.#open(undefined),
      );
    } else {
      this.#open(wanted.since);
    }
  }

  async #headOf(): Promise<{ position: string; snapshot: readonly Event[] } | undefined> {
    const path = `api/channels/${encodeURIComponent(this.name)}/events`;
    const answer = await this.#client.command(path, { method: 'GET', patience: HEAD_PATIENCE_MS });
    const { position, snapshot } = (answer ?? {}) as { position?: unknown; snapshot?: unknown };
    return typeof position === 'string' ? { position, snapshot: Array.isArray(snapshot) ? snapshot : [] } : undefined;
  }

  #open(since: string | undefined): void {
    this.#wasLive = false;
    this.#away = undefined;
    try {
      const channel = this.#client.channel(this.name, { since });
      this.#error = undefined;
      this.#channel = channel;
      channel.on('*', (told) => this.#told(told));
      // A channel that is closed says so; then it is not this one any more.
      channel.onStatus((status) => channel === this.#channel && this.#changed(status));
      this.#changed(channel.status);
    } catch (error) {
      // Followed already from elsewhere, by somebody who is not a component; or the client is closed.
      this.#error = error instanceof HeadwayError ? error : new HeadwayError('usage', String(error));
      this.#quiet = false;
      this.#refresh();
    }
  }

  #told(told: Told): void {
    if (isGap(told)) {
      this.#gap(told);
    } else {
      if (this.#away !== undefined) {
        this.#away.updates += 1;
      }
      this.#stateFresh ||= told.key !== undefined;
      this.#views.forEach((view) => view.take(told));
    }
    this.#quiet = false;
    atNextFrame(this.#show);
  }

  #gap(gap: Gap): void {
    this.#stateFresh = true;
    if (this.#wasLive) {
      // The state follows; what it does not have is no more.
      this.#earlier = NOTHING.state;
    }
    // Who asked for the newest only has lost nothing of what came before.
    if (this.#wasLive || this.#begun?.last === undefined) {
      if (this.#away !== undefined) {
        this.#away.lost = true;
      }
      this.#gaps = [...this.#gaps, gap].slice(-KEPT_NOTICES);
      this.#host.lost(gap);
    }
    this.#views.forEach((view) => view.refresh());
  }

  #changed(status: Status): void {
    if (status === 'connecting' && this.#wasLive) {
      this.#away ??= { updates: 0, lost: false };
    }
    if (status === 'live') {
      this.#wasLive = true;
      this.#quiet = false;
      if (this.#away !== undefined && !this.#away.lost) {
        const { updates } = this.#away;
        this.#recoveries = [...this.#recoveries, { updates, at: Date.now() }].slice(-KEPT_NOTICES);
        this.#host.recovered(this.name, updates);
      }
      this.#away = undefined;
    }
    if (status === 'offline') {
      this.#error = this.#channel?.error ?? this.#error;
      this.#quiet = false;
    }
    this.#refresh();
  }

  #refresh(): void {
    this.#views.forEach((view) => view.refresh());
    atNextFrame(this.#show);
  }

  readonly #show = (): void => {
    if (!this.#quiet) {
      const common = this.#common();
      this.#views.forEach((view) => view.show(common));
    }
  };

  #common(): Common {
    if (this.#stateFresh) {
      this.#stateFresh = false;
      this.#state = this.#latest();
    }
    return {
      status: this.#error !== undefined ? 'offline' : (this.#channel?.status ?? 'connecting'),
      state: this.#state,
      position: this.#channel?.position,
      gaps: this.#gaps,
      recoveries: this.#recoveries,
      error: this.#error,
    };
  }

  #latest(): Map<string, Event> {
    return new Map([...this.#earlier, ...(this.#channel?.state ?? [])]);
  }

  #close(): void {
    this.#earlier = NOTHING.state;
    this.#opening += 1;
    const channel = this.#channel;
    this.#channel = undefined;
    this.#stateFresh = true;
    channel?.close();
  }

  #leave(): void {
    this.#close();
    notAtNextFrame(this.#show);
    this.#host.left(this);
  }
}

function isGap(told: Told): told is Gap {
  return told.type === 'gap';
}

/**
 * The connection as a page sees it: how it stands, over what, and what happened to it lately. Shown at the next frame.
 *
 * An interruption is one thing to whoever looks at the page, however many channels it follows: what they caught up on is
 * added up, and said once all of them are live again.
 */
import type { Client, Gap, HeadwayError, Status } from 'headway-client';

import { atNextFrame, notAtNextFrame } from './frames.js';

/** Something that happened to the connection, for people to read. */
export type Notice =
  | { readonly id: number; readonly kind: 'recovered'; readonly updates: number }
  | {
      readonly id: number;
      readonly kind: 'gap';
      /** How many updates are gone; null: nobody knows. */
      readonly lost: number | null;
      readonly channels: readonly string[];
      readonly reason: Gap['reason'];
    };

export interface ConnectionView {
  readonly status: Status;
  /** The name of the transport that is used now. */
  readonly transport: string | undefined;
  /** Nothing was reached for a while; it goes on trying unless the status is `offline`. */
  readonly disconnected: boolean;
  /** Why the client has given up. */
  readonly error: HeadwayError | undefined;
  /** The newest few, the oldest first, until they are dismissed. */
  readonly notices: readonly Notice[];
}

/** So long without a connection is more than a change of networks or a server that restarts: people should know. */
export const PATIENCE_MS = 5_000;
/** A channel begins in less, usually; so the lamp does not flicker whenever a component appears. */
const CALM_MS = 500;
/** Notices that are kept. */
const KEPT = 5;

export const UNKNOWN: ConnectionView = {
  status: 'connecting',
  transport: undefined,
  disconnected: false,
  error: undefined,
  notices: [],
};

export class LinkStore {
  shown: ConnectionView;
  readonly #client: Client;
  readonly #notify = new Set<() => void>();
  #ends: (() => void)[] = [];
  readonly #patience = new Patience(PATIENCE_MS, () => atNextFrame(this.#show));
  readonly #calm = new Patience(CALM_MS, () => atNextFrame(this.#show));
  #error: HeadwayError | undefined;
  #notices: readonly Notice[] = [];
  #last = 0;
  #wasLive = false;
  #away: { updates: number; lost: boolean } | undefined;
  #gap: Extract<Notice, { kind: 'gap' }> | undefined;

  constructor(client: Client) {
    this.#client = client;
    this.shown = { ...UNKNOWN, status: client.status, transport: client.transport };
  }

  /** Returns what ends it. */
  follow(notify: () => void): () => void {
    const mine = (): void => notify();
    this.#notify.add(mine);
    if (this.#notify.size === 1) {
      this.#listen();
    }
    return () => {
      this.#notify.delete(mine);
      if (this.#notify.size === 0) {
        this.#stop();
      }
    };
  }

  /** Take a notice away. */
  dismiss(id: number): void {
    this.#notices = this.#notices.filter((notice) => notice.id !== id);
    atNextFrame(this.#show);
  }

  /** A channel is live again and has lost nothing. */
  recovered(updates: number): void {
    if (this.#notify.size > 0) {
      this.#away ??= { updates: 0, lost: false };
      this.#away.updates += updates;
      atNextFrame(this.#show);
    }
  }

  /** A channel has lost something. */
  lost(gap: Gap): void {
    if (this.#notify.size > 0) {
      const { lost = 0, channels = [] } = this.#gap ?? {};
      this.#gap = {
        id: (this.#last += 1),
        kind: 'gap',
        lost: lost === null || gap.lost === null ? null : lost + gap.lost,
        channels: channels.includes(gap.channel) ? channels : [...channels, gap.channel],
        reason: gap.reason,
      };
      if (this.#away !== undefined) {
        this.#away.lost = true;
      }
      atNextFrame(this.#show);
    }
  }

  #listen(): void {
    this.#changed();
    this.#ends = [
      this.#client.on('status', () => this.#changed()),
      this.#client.on('transport', () => this.#changed()),
      this.#client.on('error', (error) => {
        this.#error = error;
        atNextFrame(this.#show);
      }),
    ];
  }

  #stop(): void {
    this.#ends.splice(0).forEach((end) => end());
    this.#patience.stop();
    this.#calm.stop();
    this.#away = this.#gap = this.#error = undefined;
    this.#notices = [];
    this.#wasLive = false;
    notAtNextFrame(this.#show);
    // A provider that goes has stopped its client by now; the same one that comes back has not started it yet. Neither
    // is a connection that was lost.
    const { status, transport } = this.#client;
    this.shown = status === 'offline' ? UNKNOWN : { ...UNKNOWN, status, transport };
  }

  #changed(): void {
    const { status, transport } = this.#client;
    this.#wasLive ||= status === 'live';
    if (transport !== undefined) {
      this.#patience.stop();
      this.#error = undefined;
    } else {
      this.#away ??= this.#wasLive ? { updates: 0, lost: false } : undefined;
      this.#patience.start();
    }
    if (this.#beginsMore()) {
      this.#calm.start();
    } else {
      this.#calm.stop();
    }
    atNextFrame(this.#show);
  }

  /** The connection stands, and a channel that a component has just asked for has not begun: no interruption. */
  #beginsMore(): boolean {
    const { status, transport } = this.#client;
    return status !== 'live' && transport !== undefined && this.#wasLive && this.#away === undefined;
  }

  #status(): Status {
    const { status } = this.#client;
    if (this.#beginsMore()) {
      return this.#calm.isOver ? 'catching-up' : 'live';
    }
    return status;
  }

  readonly #show = (): void => {
    const { status, transport } = this.#client;
    if (status === 'live') {
      if (this.#away !== undefined && !this.#away.lost) {
        this.#tell({ id: (this.#last += 1), kind: 'recovered', updates: this.#away.updates });
      }
      if (this.#gap !== undefined) {
        this.#tell(this.#gap);
      }
      this.#away = this.#gap = undefined;
    }
    this.shown = {
      status: this.#status(),
      transport,
      disconnected: this.#patience.isOver || status === 'offline',
      error: status === 'offline' ? this.#error : undefined,
      notices: this.#notices,
    };
    this.#notify.forEach((notify) => notify());
  };

  /** What is said again takes the place of what was said before: nobody reads a list of interruptions. */
  #tell(notice: Notice): void {
    const others = this.#notices.filter((one) => one.kind !== notice.kind || notice.kind === 'gap');
    this.#notices = [...others, notice].slice(-KEPT);
  }
}

/** A time that begins when it is not running yet, and then is over. */
class Patience {
  isOver = false;
  readonly #ms: number;
  readonly #ended: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(ms: number, ended: () => void) {
    this.#ms = ms;
    this.#ended = ended;
  }

  start(): void {
    this.#timer ??= setTimeout(() => {
      this.isOver = true;
      this.#ended();
    }, this.#ms);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.isOver = false;
  }
}

/**
 * A client of its own on a network that fails on demand, and events that are counted while it does. What is taken away
 * is taken from this client alone; the page's own connection notices nothing.
 */
import { connect } from 'headway-client';
import type { Client, Gap } from 'headway-client';
import type { Tone } from 'headway-react';

import { newId } from './line.js';
import { Network } from './network.js';
import type { Carrier } from './network.js';

export const RUNGS: readonly Carrier[] = ['socketio', 'websocket', 'eventsource', 'polling'];
export const NAMES: Readonly<Record<Carrier, string>> = {
  socketio: 'Socket.IO',
  websocket: 'WebSocket',
  eventsource: 'Server-Sent Events',
  polling: 'HTTP polling',
};

/** Twenty in a second show a silence of a twentieth. */
const TICK_MS = 50;
const PUBLISH_PATIENCE_MS = 10_000;
/** Whoever forgets the page does not fill the log: so many minutes of events, and it ends. */
const LONGEST_MS = 180_000;
/** The client's own are 30 s and more: nobody would watch that long. */
const DELAYS = { promoteDelay: 1_500, maxPromoteDelay: 6_000, reconnectDelay: 250, maxReconnectDelay: 2_000 };
const LINES = 100;

export type Standing = 'used' | 'taken' | 'tried' | 'ready';

export interface Line {
  readonly id: number;
  /** Seconds since the beginning. */
  readonly at: number;
  readonly tone: Tone;
  readonly text: string;
}

export interface Simulated {
  readonly running: boolean;
  /** Whether events are published and counted. */
  readonly counting: boolean;
  readonly status: string;
  readonly transport: Carrier | undefined;
  readonly taken: ReadonlySet<Carrier>;
  readonly tried: ReadonlySet<Carrier>;
  readonly offline: boolean;
  readonly published: number;
  readonly heard: number;
  readonly lost: number;
  readonly repeated: number;
  readonly gaps: number;
  readonly moves: number;
  /** The longest of this run, in ms. */
  readonly silence: number | undefined;
  /** The newest first. */
  readonly lines: readonly Line[];
}

const IDLE: Simulated = {
  running: false,
  counting: false,
  status: 'idle',
  transport: undefined,
  taken: new Set(),
  tried: new Set(),
  offline: false,
  published: 0,
  heard: 0,
  lost: 0,
  repeated: 0,
  gaps: 0,
  moves: 0,
  silence: undefined,
  lines: [],
};

export interface SimulatorOptions {
  /** Publishes, over the page's own way to the server. */
  readonly client: Client;
  readonly token: string | undefined;
  /** Followed. */
  readonly channel: string;
  /** Whether events are published to it. */
  readonly counting: boolean;
}

export class Simulator {
  shown: Simulated = IDLE;
  readonly #listeners = new Set<() => void>();
  readonly #tells = (): void => this.#listeners.forEach((listener) => listener());
  #run: Run | undefined;

  readonly follow = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  start(options: SimulatorOptions): void {
    this.stop();
    this.#run = new Run(options, (change) => {
      this.shown = { ...this.shown, ...change };
      this.#tells();
    });
  }

  /** End it; what was counted stays to be read. */
  stop(): void {
    this.#run?.end();
    this.#run = undefined;
  }

  take(carrier: Carrier): void {
    this.#run?.take(carrier);
  }

  give(carrier: Carrier): void {
    this.#run?.give(carrier);
  }

  cut(): void {
    this.#run?.cut();
  }

  goOffline(): void {
    this.#run?.goOffline();
  }

  heal(): void {
    this.#run?.heal();
  }
}

/** From one start to its end. */
class Run {
  readonly #network = new Network();
  readonly #window = new EventTarget();
  readonly #publisher: Client;
  readonly #options: SimulatorOptions;
  readonly #show: (change: Partial<Simulated>) => void;
  readonly #client: Client;
  readonly #id = newId();
  readonly #began = performance.now();
  readonly #tried = new Set<Carrier>();
  #over = false;
  #frame: number | undefined;
  #shown: Simulated = { ...IDLE, running: true };
  #last: Carrier | undefined;
  /** What was done to the network since the transport was last changed. */
  #why = '';
  #heardAt = 0;
  #gone: number | undefined;
  /** The longest pause between two events since it went. */
  #pause = 0;
  /** A change whose first event has not come. */
  #pending: ((silence: number) => void) | undefined;

  constructor(options: SimulatorOptions, show: (change: Partial<Simulated>) => void) {
    this.#options = options;
    this.#publisher = options.client;
    this.#show = show;
    this.#network.tried = (carrier, refused) => {
      this.#tried[refused || carrier === this.#client.transport ? 'delete' : 'add'](carrier);
      this.#change({ tried: new Set(this.#tried) });
    };
    this.#client = connect(options.client.url, {
      ...this.#network.ways(),
      ...DELAYS,
      token: options.token,
      // Its own, so that to be offline concerns this client alone.
      runtime: { page: { window: this.#window as never, document: document as never } },
    });
    this.#client.on('transport', (now) => this.#moved(now as Carrier | undefined));
    this.#client.on('status', (status) => this.#change({ status }));
    this.#client.on('gap', (gap) => this.#gap(gap));
    this.#client.on('error', ({ message }) => this.#say('bad', message));
    const reader = this.#client.channel(options.channel, options.counting ? { since: '' } : {});
    reader.on('*', (told) => this.#told(told as { readonly run?: unknown; readonly n?: unknown }));
    this.#say('calm', options.counting ? `Begun: events are published to ${options.channel} and counted` : 'Begun');
    this.#change({ counting: options.counting, status: this.#client.status });
    if (options.counting) {
      void this.#publish();
    }
  }

  end(): void {
    if (!this.#over) {
      this.#over = true;
      this.#client.close();
      cancelAnimationFrame(this.#frame ?? 0);
      this.#show({ ...this.#shown, running: false, status: 'idle', transport: undefined, taken: new Set(), tried: new Set(), offline: false });
    }
  }

  take(carrier: Carrier): void {
    this.#why = `${NAMES[carrier]} was taken away`;
    this.#say('bad', `Took ${NAMES[carrier]} away`);
    this.#network.block(carrier);
    this.#tried.delete(carrier);
    this.#changed();
  }

  give(carrier: Carrier): void {
    this.#why = `${NAMES[carrier]} was given back`;
    this.#say('calm', `Gave ${NAMES[carrier]} back`);
    this.#network.free(carrier);
    this.#online();
    this.#changed();
  }

  cut(): void {
    this.#why = 'what was open was cut';
    this.#say('bad', 'Cut what was open');
    this.#network.cut();
  }

  goOffline(): void {
    this.#why = 'the network was gone';
    this.#say('bad', 'Offline: nothing goes through');
    RUNGS.forEach((carrier) => this.#network.block(carrier));
    this.#change({ offline: true });
    this.#window.dispatchEvent(new Event('offline'));
    this.#changed();
  }

  heal(): void {
    this.#why = 'everything was given back';
    this.#say('calm', 'Gave everything back');
    RUNGS.forEach((carrier) => this.#network.free(carrier));
    this.#online();
    this.#client.reconnect();
    this.#changed();
  }

  #online(): void {
    if (this.#shown.offline) {
      this.#change({ offline: false });
      this.#window.dispatchEvent(new Event('online'));
    }
  }

  #changed(): void {
    this.#change({ taken: new Set(this.#network.blocked), tried: new Set(this.#tried) });
  }

  #moved(now: Carrier | undefined): void {
    const before = this.#last;
    this.#change({ transport: now });
    if (now === undefined) {
      this.#gone ??= performance.now();
      this.#pause = 0;
      return;
    }
    this.#tried.delete(now);
    this.#last = now;
    const [gone, why] = [this.#gone, this.#why === '' ? 'a better one is of use' : this.#why];
    this.#gone = undefined;
    this.#why = '';
    if (before === undefined) {
      this.#say('good', `Connected over ${NAMES[now]}`);
      return;
    }
    const what = before === now ? `Back over ${NAMES[now]}` : `From ${NAMES[before]} to ${NAMES[now]}`;
    this.#change({ moves: this.#shown.moves + Number(before !== now) });
    const tell = (silence: number): void => {
      this.#pending = undefined;
      this.#say('good', `${what}: ${why}. ${Math.round(silence)} ms of silence`);
      this.#change({ silence: Math.max(this.#shown.silence ?? 0, silence) });
    };
    if (!this.#options.counting) {
      tell(gone === undefined ? 0 : performance.now() - gone);
    } else if (gone !== undefined && this.#heardAt > gone) {
      // The new connection has told what was missed before it counted.
      tell(this.#pause);
    } else {
      this.#pending = tell;
    }
  }

  #told({ run, n }: { readonly run?: unknown; readonly n?: unknown }): void {
    if (run !== this.#id || typeof n !== 'number') {
      return;
    }
    const now = performance.now();
    const pause = this.#heardAt === 0 ? 0 : now - this.#heardAt;
    this.#pause = Math.max(this.#pause, pause);
    this.#heardAt = now;
    this.#pending?.(pause);
    const { heard, lost, repeated, silence } = this.#shown;
    // The channel is ours alone, and in order: the next is one more than the last.
    const missed = n - this.#expected;
    this.#expected = Math.max(this.#expected, n + 1);
    this.#change({
      heard: heard + 1,
      lost: lost + Math.max(0, missed),
      repeated: repeated + Number(missed < 0),
      silence: heard === 0 ? silence : Math.max(silence ?? 0, pause),
    });
  }

  #expected = 1;

  #gap({ lost }: Gap): void {
    this.#say('bad', `Gap: the log no longer holds ${lost ?? 'some'} events`);
    this.#change({ gaps: this.#shown.gaps + 1 });
  }

  async #publish(): Promise<void> {
    const path = `api/channels/${encodeURIComponent(this.#options.channel)}/events`;
    for (let n = 1; !this.#over; n += 1) {
      try {
        await this.#publisher.command(path, { body: { type: 'count', data: { run: this.#id, n } }, patience: PUBLISH_PATIENCE_MS });
        this.#change({ published: n });
      } catch (error) {
        this.#say('bad', `Nothing is published any more: ${error instanceof Error ? error.message : String(error)}`);
        return;
      }
      if (performance.now() - this.#began > LONGEST_MS) {
        this.#say('calm', 'Ended by itself, after three minutes');
        this.end();
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, TICK_MS));
    }
  }

  #lastLine = 0;

  #say(tone: Tone, text: string): void {
    const line = { id: (this.#lastLine += 1), at: (performance.now() - this.#began) / 1_000, tone, text };
    this.#change({ lines: [line, ...this.#shown.lines].slice(0, LINES) });
  }

  /** Shown with the next frame, whatever else changes until then. */
  #change(change: Partial<Simulated>): void {
    if (this.#over) {
      return;
    }
    this.#shown = { ...this.#shown, ...change };
    this.#frame ??= requestAnimationFrame(() => {
      this.#frame = undefined;
      this.#show(this.#shown);
    });
  }
}

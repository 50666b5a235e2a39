/**
 * What the probes saw: facts without a judgement, as `headway doctor` has them, as far as a browser can see them. Times
 * are in seconds.
 */
export type Check = 'websocket' | 'socketio' | 'socketio-polling' | 'eventsource' | 'polling';

export const CHECKS: readonly Check[] = ['websocket', 'socketio', 'socketio-polling', 'eventsource', 'polling'];
/** The transports of our own clients, the best first. */
export const LADDER: readonly Check[] = ['websocket', 'socketio', 'eventsource', 'polling'];
export const SOCKETS: readonly Check[] = ['websocket', 'socketio'];

export const TITLES: Readonly<Record<Check, string>> = {
  websocket: 'WebSocket',
  socketio: 'Socket.IO',
  'socketio-polling': 'Socket.IO over polling',
  eventsource: 'Server-Sent Events',
  polling: 'polling',
};

/** How long is waited for what, and from when on something is late: those of the command. */
export const PATIENCE = { answer: 5, event: 3, spacing: 0.15, hold: 1, slow: 1, lagging: 0.5 } as const;

/** Who says that they have answered, or have passed it on. */
export interface Answerer {
  readonly server: string | null;
  readonly via: string | null;
}

export function nameOf({ server, via }: Answerer): string | null {
  return [server, via].filter(Boolean).join(', ') || null;
}

/** How far a connection came. */
export type Stage = 'open' | 'follow' | 'ping' | 'event' | 'hold';

/** How it failed. `upgrade`: a WebSocket that did not open; a browser is told no more. */
export type Kind = 'cut' | 'silent' | 'held' | 'status' | 'closed' | 'upgrade';

export interface Trouble {
  readonly kind: Kind;
  readonly stage: Stage;
  readonly reason: string;
  readonly status: number | null;
  /** What a Headway said; null: it was none that answered. */
  readonly code: string | null;
  readonly by: Answerer;
}

export class Failed extends Error {
  constructor(readonly trouble: Trouble) {
    super(trouble.reason);
  }
}

export interface WaySeen {
  readonly host: string;
  readonly port: number;
  /** Null where the browser had a connection already. */
  readonly dns: number | null;
  readonly tcp: number | null;
  readonly tls: number | null;
}

export interface ServerSeen {
  readonly status: number | null;
  readonly headway: boolean;
  readonly healthy: boolean;
  readonly version: string | null;
  readonly ailing: readonly string[];
  readonly by: Answerer;
  readonly skew: number | null;
  /** Why nothing could be asked. */
  readonly reason: string | null;
}

export interface Access {
  readonly given: boolean;
  readonly accepted: boolean;
  readonly user: string | null;
  readonly role: string | null;
  readonly channel: string | null;
  /** The channel is nobody's but ours. */
  readonly fresh: boolean;
  readonly publish: boolean;
}

export interface Hold {
  readonly held: number;
  readonly trouble: Trouble | null;
  /** Whether it was still of use at the end; false: there was no way to see. */
  readonly proven: boolean;
}

/** One transport, tried. */
export interface Trial {
  readonly check: Check;
  readonly connect: number | null;
  readonly follow: number | null;
  readonly ping: number | null;
  readonly lags: readonly number[];
  readonly together: number;
  readonly missing: number;
  readonly encoding: string | null;
  /** Whether the stream still said `X-Accel-Buffering: no`. */
  readonly accelerated: boolean;
  readonly hold: Hold | null;
  readonly trouble: Trouble | null;
}

/** A transport that the client came to. */
export interface Rung {
  readonly transport: string;
  readonly after: number;
  readonly told: boolean | null;
}

export interface Fallbacks {
  readonly rungs: readonly Rung[];
  readonly expected: readonly string[];
  readonly published: number;
  readonly lost: number;
  readonly repeated: number;
  readonly reason: string | null;
}

export interface Sizes {
  readonly address: Trouble | null;
  readonly addressBytes: number;
  readonly body: Trouble | null;
  /** 0: no body was tried. */
  readonly bodyBytes: number;
}

/** All of it. Null: not looked at. */
export interface Observed {
  readonly url: string;
  readonly began: number;
  readonly seconds: number;
  readonly way: WaySeen;
  readonly server: ServerSeen | null;
  readonly access: Access | null;
  readonly publishing: string | null;
  readonly trials: readonly Trial[];
  readonly fallbacks: Fallbacks | null;
  readonly sizes: Sizes | null;
}

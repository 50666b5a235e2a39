/** What the server says of its connections, and what two looks at it say of the time between them. */
import type { Tone } from 'headway-react';

export interface Followed {
  readonly offset: number;
  /** Null: the server's newest is of another life of the log. */
  readonly behind: number | null;
  readonly lagging: boolean;
}

export interface OpenConnection {
  readonly id: number;
  readonly transport: string;
  readonly user: string | null;
  readonly address: string | null;
  readonly since: string;
  readonly seconds: number;
  readonly writable: boolean;
  readonly buffered_bytes: number;
  readonly messages: number;
  readonly bytes_in: number;
  readonly events: number;
  readonly answers: number;
  readonly bytes_out: number;
  readonly channels: Readonly<Record<string, Followed>>;
}

export interface EndedConnection {
  readonly id: number;
  readonly transport: string;
  readonly user: string | null;
  readonly address: string | null;
  readonly ended: string;
  readonly seconds: number;
  readonly code: number | null;
  readonly reason: string;
  readonly events: number;
}

export interface Connections {
  readonly connections: readonly OpenConnection[];
  readonly total: number;
  readonly ended: readonly EndedConnection[];
}

export interface Figures {
  readonly active_connections: number;
  readonly total_connections: number;
  readonly users: number;
  readonly subscriptions: number;
  readonly bytes_sent: number;
  readonly bytes_received: number;
  readonly buffered_bytes: number;
  readonly by_transport: Readonly<Record<string, { readonly open: number }>>;
  /** Events told by the hub, by transport, since the start. */
  readonly delivered: Readonly<Record<string, number>>;
  readonly starts: Readonly<Record<string, number>>;
  readonly gaps: number;
  readonly conflated: number;
}

/** As people call them, in the order of the ladder. */
export const TRANSPORTS: Readonly<Record<string, string>> = {
  websocket: 'WebSocket',
  socketio: 'Socket.IO',
  eventsource: 'Server-Sent Events',
  'socketio-poll': 'Socket.IO, polling',
  polling: 'Long-polling',
  http: 'HTTP',
};

export function transportName(transport: string): string {
  return TRANSPORTS[transport] ?? transport;
}

/** How far a connection is behind in all of its channels; undefined where that cannot be said. */
export function behindOf({ channels }: OpenConnection): number | undefined {
  const behind = Object.values(channels).map((channel) => channel.behind);
  return behind.includes(null) ? undefined : behind.reduce<number>((sum, one) => sum + (one ?? 0), 0);
}

/** How a connection is, in a word. */
export function standingOf(one: OpenConnection): readonly [Tone, string] {
  if (!one.writable) {
    return ['warn', 'Waits for its reader'];
  }
  if (Object.values(one.channels).some(({ lagging }) => lagging)) {
    return ['warn', 'Catching up'];
  }
  return Object.keys(one.channels).length === 0 ? ['calm', 'Follows nothing'] : ['good', 'Live'];
}

/** Close codes that say that all went well. */
const PLANNED: readonly (number | null)[] = [null, 1000, 1001, 1012];

export function toneOfEnd({ code }: EndedConnection): Tone {
  return PLANNED.includes(code) ? 'calm' : 'warn';
}

/** 0 B, 3.2 kB, 12 MB */
export function bytes(size: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = size;
  let unit = 0;
  while (value >= 1_000 && unit < units.length - 1) {
    value /= 1_000;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

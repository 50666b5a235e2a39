/**
 * Switches: over every ordered pair of transports and for every fault that makes the first one unusable, and random walks.
 *
 * The silence of a switch is the longest time without an event that the client was told, from when the fault could be
 * known of until the next transport flows, while events are published without a pause:
 *
 *     cut, refuse, …          from the reset. Where the fault only bars new connections, the open one is cut as well, so
 *                             that what the barred ones cost counts in full
 *     stall, half-open, and   from the moment when the client has heard nothing for `heartbeatTimeout`: before that a
 *     hang of a poll          line that is dead looks like one that is quiet
 *     healed                  from the healing until the best transport is used again
 */
import type { ConnectOptions, TransportName } from '../src/index.js';
import type { Place, Seat } from '../tests/support/place.js';
import { FaultProxy } from '../tests/support/proxy.js';
import type { Fault, Kind } from '../tests/support/proxy.js';
import { Publisher } from '../tests/support/publisher.js';
import { follow, leave, reach, recall, say } from '../tests/support/recorder.js';
import { judge, longestSilence } from './verdict.js';
import type { Verdict } from './verdict.js';

export const TRANSPORTS = ['socketio', 'websocket', 'eventsource', 'polling'] as const;

/** In a walk, so that silence is noticed before the next fault but a few. */
const IMPATIENT = { heartbeatTimeout: 1_000 };

/** Only cut, it comes back over the same transport. */
export type Blow = Fault | 'cut';

/** What makes each transport unusable. */
const FAULTS: Readonly<Record<TransportName, readonly Blow[]>> = {
  socketio: ['cut', 'refuse', 'stall', 'half-open', 'hang'],
  websocket: ['cut', 'refuse', 'stall', 'half-open', 'hang', 'reset-after-101', 'refuse-upgrade', 'opens-then-dies'],
  eventsource: ['cut', 'refuse', 'stall', 'half-open', 'hang', 'buffer', 'opens-then-dies'],
  polling: ['cut', 'refuse', 'stall', 'half-open', 'hang', 'drop-answer'],
};
/** Faults that open connections do not notice: those are cut as well. */
const UNNOTICED = new Set<Blow>(['reset-after-101', 'refuse-upgrade', 'buffer', 'hang', 'opens-then-dies']);
/** Faults that only silence tells of. A poll that was cut is asked again by the same connection, and then hangs like one
 * that waits for news. */
const isSilent = (from: TransportName, blow: Blow): boolean =>
  blow === 'stall' || blow === 'half-open' || (blow === 'hang' && from === 'polling');
/** A whole network's times, made small: tens of seconds become hundreds of milliseconds. The rest is as delivered. */
export const SMALL = { heartbeatTimeout: 4_000, promoteDelay: 200, maxPromoteDelay: 400, reconnectDelay: 100 };
export const NO_FAULT = 'no fault';
/** Events before, between and after the switches, so that there is a flow to be interrupted. */
const FLOW = 30;

/** The server. */
export interface Target {
  readonly url: string;
  readonly port: number;
}

export interface Case {
  readonly from: TransportName;
  readonly to: TransportName;
  readonly blow: Blow;
}

export interface Silence {
  readonly what: string;
  readonly ms: number;
  /** For a look at the longest ones. */
  readonly during: string;
}

export interface Outcome {
  readonly verdict: Verdict;
  readonly silences: readonly Silence[];
  /** How often the transport changed. */
  readonly changes: number;
}

/** Every ordered pair, with every fault of the first. */
export function cases(): Case[] {
  return TRANSPORTS.flatMap((from) =>
    TRANSPORTS.filter((to) => to !== from).flatMap((to) => FAULTS[from].map((blow) => ({ from, to, blow }))),
  );
}

/** Away from a transport, and back. */
export async function switchOver(place: Place, server: Target, { from, to, blow }: Case): Promise<Outcome> {
  const channel = `${place.name}-${from}-${to}-${blow}`;
  return withSeat(place, server.port, async (proxy, seat) => {
    const publisher = new Publisher(server.url, channel, 2);
    await seat.call(follow, proxy.url, channel, { transports: [from, to], ...SMALL } satisfies ConnectOptions);
    await seat.call(reach, from, FLOW);
    const during = `${from} → ${to}, ${blow}`;
    const flowed = (await seat.call(recall))[0]!.times;
    // What the machine itself does to a flow, in as long a time as a switch takes.
    const calm = longestSilence(flowed.slice(-FLOW), flowed.at(-FLOW)!, flowed.at(-1)!);
    const silences: Silence[] = [{ what: NO_FAULT, ms: calm, during }];
    const struck = Date.now();
    strike(proxy, from, blow);
    await seat.call(reach, blow === 'cut' ? from : to, FLOW);
    const over = Date.now();
    const { times } = (await seat.call(recall))[0]!;
    const known = isSilent(from, blow) ? lastBefore(times, struck) + SMALL.heartbeatTimeout : struck;
    silences.push({ what: blow, ms: longestSilence(times, known, over), during });
    if (blow !== 'cut') {
      proxy.heal();
      await seat.call(reach, from, FLOW);
      const { times: later } = (await seat.call(recall))[0]!;
      silences.push({ what: 'healed', ms: longestSilence(later, over, Date.now()), during });
    }
    await publisher.stop();
    return { verdict: await verdictOf(seat, publisher.published), silences, changes: 2 };
  });
}

/** A random walk over transports and faults. `chance` gives numbers from 0 to 1. */
export async function walk(
  place: Place,
  server: Target,
  name: string,
  events: number,
  chance: () => number,
): Promise<Outcome> {
  const pick = <T>(from: readonly T[]): T => from[Math.floor(chance() * from.length)]!;
  const blows: readonly Blow[] = [
    ...(['cut', 'cut', 'refuse', 'stall', 'half-open', 'slow', 'duplicate', 'opens-then-dies', 'buffer'] as const),
    ...(['refuse-upgrade', 'reset-after-101', 'drop-answer', 'hang'] as const),
  ];
  const channel = `${place.name}-walk-${name}`;
  return withSeat(place, server.port, async (proxy, seat) => {
    const publisher = new Publisher(server.url, channel, 16);
    await seat.call(follow, proxy.url, channel, { transports: TRANSPORTS, ...SMALL, ...IMPATIENT } satisfies ConnectOptions);
    while (publisher.published < events) {
      const [now] = await seat.call(say);
      // Mostly what is in use: a fault of another one is not noticed before it is tried.
      const kind: Kind = chance() < 0.7 && now!.transport !== '' ? (now!.transport as Kind) : pick(TRANSPORTS);
      const blow = pick(blows);
      if (blow === 'cut') {
        proxy.cut(kind);
      } else {
        proxy.set(kind, blow);
      }
      await publisher.more(Math.floor(chance() * 400));
      if (chance() < 0.7) {
        proxy.heal();
      }
    }
    proxy.heal();
    await publisher.stop();
    const { transports } = (await seat.call(recall))[0]!;
    const changes = transports.filter(([now]) => now !== '').length;
    return { verdict: await verdictOf(seat, publisher.published), silences: [], changes };
  });
}

/** Numbers from 0 to 1, the same in every run (mulberry32). */
export function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** With a client's place behind a proxy of its own. */
export async function withSeat<Result>(
  place: Place,
  port: number,
  work: (proxy: FaultProxy, seat: Seat) => Promise<Result>,
): Promise<Result> {
  const proxy = await FaultProxy.start(port);
  const seat = await place.open(proxy);
  try {
    return await work(proxy, seat);
  } finally {
    await seat.close();
    await proxy.stop();
  }
}

function strike(proxy: FaultProxy, kind: Kind, blow: Blow): void {
  if (blow !== 'cut') {
    proxy.set(kind, blow);
  }
  if (blow === 'cut' || UNNOTICED.has(blow)) {
    proxy.cut(kind);
  }
}

/** Wait for the rest; whoever has been told as much as was published, or nothing more for long, has it. */
export async function verdictOf(seat: Seat, published: number): Promise<Verdict> {
  const patience = Date.now() + 60_000;
  while ((await seat.call(say))[0]!.count < published && Date.now() < patience) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const [record] = await seat.call(recall);
  await seat.call(leave);
  return judge(record!.offsets, published, record!.gaps);
}

function lastBefore(times: readonly number[], moment: number): number {
  return times.findLast((time) => time <= moment) ?? moment;
}

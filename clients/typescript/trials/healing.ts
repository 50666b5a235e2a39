/**
 * Networks that let what is better open and then kill it, or never let it speak, with all times as delivered: how soon a
 * lower transport is used, and how soon after the healing the best one is used again.
 */
import type { TransportName } from '../src/index.js';
import type { Place } from '../tests/support/place.js';
import type { Fault } from '../tests/support/proxy.js';
import { Publisher } from '../tests/support/publisher.js';
import { follow, reach, recall } from '../tests/support/recorder.js';
import { TRANSPORTS, verdictOf, withSeat } from './switching.js';
import type { Target } from './switching.js';
import type { Verdict } from './verdict.js';

export const MOST_DOWN_MS = 5_000;
export const MOST_UP_MS = 60_000;

export interface Network {
  readonly transports: readonly TransportName[];
  readonly faulty: readonly TransportName[];
  readonly fault: Fault;
}

const WITHOUT_STOCK = TRANSPORTS.slice(1);
const HTTP_ONLY = TRANSPORTS.slice(3);

/** From a single bad transport to everything but polling. */
export const NETWORKS: readonly Network[] = (['opens-then-dies', 'mute', 'hang'] as const).flatMap((fault) => [
  { fault, transports: WITHOUT_STOCK, faulty: ['websocket'] },
  { fault, transports: TRANSPORTS, faulty: ['socketio', 'websocket'] },
  { fault, transports: TRANSPORTS, faulty: TRANSPORTS.filter((name) => !HTTP_ONLY.includes(name)) },
]);

export interface Healing {
  readonly verdict: Verdict;
  /** Milliseconds until a lower transport was used for good, and from the healing until the best was. */
  readonly down: number;
  readonly up: number;
  readonly transport: string;
}

export async function heal(place: Place, server: Target, network: Network): Promise<Healing> {
  const { fault, faulty, transports } = network;
  const channel = `${place.name}-heals-${fault}-${transports.length}-${faulty.length}`;
  return withSeat(place, server.port, async (proxy, seat) => {
    faulty.forEach((kind) => proxy.set(kind, fault));
    const publisher = new Publisher(server.url, channel, 1);
    const began = Date.now();
    await seat.call(follow, proxy.url, channel, { transports });
    const lower = transports.find((name) => !faulty.includes(name))!;
    // As many events as come in some seconds: it must not only be used, but stay in use.
    await seat.call(reach, lower, 200);
    const { transports: changes } = (await seat.call(recall))[0]!;
    const healed = Date.now();
    proxy.heal();
    await seat.call(reach, transports[0]!, 50);
    const { transports: later } = (await seat.call(recall))[0]!;
    await publisher.stop();
    const up = later.findLast(([name]) => name === transports[0])![1] - healed;
    const down = changes.findLast(([name]) => name === lower)![1] - began;
    return { verdict: await verdictOf(seat, publisher.published), down, up, transport: lower };
  });
}

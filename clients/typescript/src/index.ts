/**
 * Follow live progress over whichever of Socket.IO, WebSocket, Server-Sent Events and HTTP polling the network lets
 * through, and lose nothing when it changes its mind.
 */
import { Client } from './client.js';
import type { ClientOptions } from './client.js';
import { HeadwayError } from './endings.js';
import type { Io, Runtime } from './runtime.js';
import { eventsource } from './transports/eventsource.js';
import type { Transport } from './transports/interface.js';
import { polling } from './transports/polling.js';
import { socketio } from './transports/socketio.js';
import { websocket } from './transports/websocket.js';

export { Client } from './client.js';
export type { ChannelOptions, ClientOptions, CommandOptions, PublishOptions, Recovered } from './client.js';
export type { Channel, EventOf, Status, Types } from './channel.js';
export type { Advice, ErrorCode } from './codes.js';
export { CLOSES, ERRORS } from './codes.js';
export { HeadwayError } from './endings.js';
export type { Told } from './following.js';
export type { Draft, Event, Gap, Published } from './messages.js';
export type { Runtime } from './runtime.js';
export type { Connection, Follow, Link, Transport } from './transports/interface.js';
export { eventsource, polling, socketio, websocket };

export type TransportName = 'socketio' | 'websocket' | 'eventsource' | 'polling';

export interface ConnectOptions extends ClientOptions {
  /** What may be used, the best first. Default: all, in the order of `TransportName`; what is missing is left out. */
  readonly transports?: readonly (TransportName | Transport)[] | undefined;
  /** The `io` of `socket.io-client`. Default: `globalThis.io`. */
  readonly io?: unknown;
  /** A WebSocket class. Default: the platform's; Node has one from version 22 on. */
  readonly WebSocket?: unknown;
  readonly fetch?: typeof fetch | undefined;
  /** From 0 to 1. */
  readonly random?: (() => number) | undefined;
}

const TRANSPORTS: Readonly<Record<TransportName, Transport>> = { socketio, websocket, eventsource, polling };

/** Connect to the server at this address; by default to the one this page came from. */
export function connect(url: string | URL = globalThis.location?.origin ?? '', options: ConnectOptions = {}): Client {
  const { transports = Object.values(TRANSPORTS), io, WebSocket, fetch, random, runtime, ...rest } = options;
  const chosen = transports.map((one) => (typeof one === 'string' ? TRANSPORTS[one] : one));
  if (chosen.includes(undefined as never)) {
    const known = Object.keys(TRANSPORTS).join(', ');
    throw new HeadwayError('usage', `there is no transport '${transports.join("', '")}'; there are ${known}`);
  }
  return new Client(url, chosen, {
    ...rest,
    runtime: {
      ...runtime,
      ...(io === undefined ? {} : { io: io as Io }),
      ...(WebSocket === undefined ? {} : { WebSocket: WebSocket as Runtime['WebSocket'] }),
      ...(fetch === undefined ? {} : { fetch }),
      ...(random === undefined ? {} : { random }),
    },
  });
}

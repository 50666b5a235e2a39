// Made by `make docs` from the Python tables. Do not edit.

import type { ErrorCode } from './codes.js';

/** Names that belong to the event itself; its data uses none of them. */
export type ReservedField = 'channel' | 'key' | 'offset' | 'position' | 'timestamp' | 'type';

/** Types an event cannot have. */
export type ReservedType = 'acked' | 'auth_failed' | 'auth_success' | 'batch' | 'connect' | 'connect_error' | 'disconnect' | 'disconnecting' | 'gap' | 'heartbeat' | 'newListener' | 'pong' | 'published' | 'reconnect' | 'removeListener' | 'subscribed' | 'unsubscribed';

/** One entry of a channel: the producer's data beside the event's own fields. */
export interface Event {
  readonly type: string;
  readonly channel: string;
  readonly offset: number;
  readonly position: string;
  readonly timestamp: string;
  readonly key?: string;
  readonly [field: string]: unknown;
}

/** An event that is to be published. */
export interface Draft {
  readonly type: string;
  readonly data?: Readonly<Record<string, unknown>>;
  readonly key?: string;
}

export interface SubscribeRequest {
  readonly type: 'subscribe';
  readonly channel: string;
  readonly since?: string;
  readonly batch?: boolean | number;
  readonly ack?: boolean;
  readonly id?: string | number;
}

export interface UnsubscribeRequest {
  readonly type: 'unsubscribe';
  readonly channel: string;
  readonly id?: string | number;
}

export interface PublishRequest {
  readonly type: 'publish';
  readonly channel: string;
  readonly event?: Draft;
  readonly events?: readonly Draft[];
  readonly idempotency_key?: string;
  readonly id?: string | number;
}

export interface AckRequest {
  readonly type: 'ack';
  readonly channel: string;
  readonly offset: number;
  readonly id?: string | number;
}

export interface AuthRequest {
  readonly type: 'auth';
  readonly token: string;
  readonly id?: string | number;
}

export interface PingRequest {
  readonly type: 'ping';
  readonly id?: string | number;
}

export interface Subscribed {
  readonly type: 'subscribed';
  readonly channel: string;
  readonly position: string;
  readonly head?: string;
  readonly recovered: boolean;
  readonly snapshot?: readonly Event[];
  readonly id?: string | number;
}

export interface Unsubscribed {
  readonly type: 'unsubscribed';
  readonly channel: string;
  readonly code?: ErrorCode;
  readonly id?: string | number;
}

export interface Published {
  readonly type: 'published';
  readonly channel: string;
  readonly offset: number;
  readonly position: string;
  readonly count: number;
  readonly replayed?: boolean;
  readonly id?: string | number;
}

export interface AuthSuccess {
  readonly type: 'auth_success';
  readonly user: string | null;
  readonly role: 'viewer' | 'operator' | 'admin';
  readonly expires: number | null;
  readonly id?: string | number;
}

export interface AuthFailed {
  readonly type: 'auth_failed';
  readonly code: ErrorCode;
  readonly message: string;
  readonly retry: boolean;
  readonly id?: string | number;
}

export interface Pong {
  readonly type: 'pong';
  readonly id?: string | number;
}

export interface Refusal {
  readonly type: 'error';
  readonly code: ErrorCode;
  readonly message: string;
  readonly retry: boolean;
  readonly details?: Readonly<Record<string, unknown>>;
  readonly id?: string | number;
}

export interface Batch {
  readonly type: 'batch';
  readonly messages: readonly (Event | Gap)[];
  readonly count: number;
}

export interface Gap {
  readonly type: 'gap';
  readonly channel: string;
  readonly from: string;
  readonly to: string;
  readonly position: string;
  readonly lost: number | null;
  readonly reason: 'trimmed' | 'epoch' | 'ahead';
  readonly snapshot: readonly Event[];
}

export interface Reconnect {
  readonly type: 'reconnect';
  readonly retry: number;
}

/** What a client says. */
export type Command = SubscribeRequest | UnsubscribeRequest | PublishRequest | AckRequest | AuthRequest | PingRequest;

/** What a server says on its own account; everything else is an event. */
export type Answer = Subscribed | Unsubscribed | Published | AuthSuccess | AuthFailed | Pong | Refusal | Batch | Gap | Reconnect;

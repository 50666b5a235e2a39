/**
 * How a connection ends, and what follows. Every failure of every transport becomes one `Ended` with an advice:
 *
 *     the network failed, the peer fell silent, HTTP 408, 425, 429 or 5xx   reconnect
 *     a close code of codes.ts                                              what that table says; others: reconnect
 *     an error of codes.ts, as a message or as an HTTP body                 reconnect where trying again can help, or stop
 *     `unauthorized`, HTTP 401                                              renew
 *     any other HTTP answer                                                 reconnect: something between us and the
 *                                                                           server does not let this transport through
 *
 * `announced` tells the server's own doing from the network's: only the network's counts against a transport.
 */
import { CLOSES, ERRORS } from './codes.js';
import type { Advice, ErrorCode } from './codes.js';

/** Codes that the client itself gives, beside those of the server. */
export type ClientCode = 'closed' | 'network' | 'queue_full' | 'usage';

/** What the server, or the network, or the caller did wrong. */
export class HeadwayError extends Error {
  override readonly name = 'HeadwayError';

  constructor(
    readonly code: ErrorCode | ClientCode,
    message: string,
    readonly details: Readonly<Record<string, unknown>> = {},
  ) {
    super(message);
  }

  /** Whether the same can succeed later. */
  get retry(): boolean {
    return this.code === 'network' || (ERRORS as Readonly<Record<string, boolean>>)[this.code] === true;
  }
}

/** A connection is over. */
export class Ended extends Error {
  override readonly name = 'Ended';

  constructor(
    /** For people. */
    readonly reason: string,
    readonly advice: Advice = 'reconnect',
    more: { retry?: number | undefined; announced?: boolean; error?: HeadwayError } = {},
  ) {
    super(reason);
    this.retry = more.retry;
    this.announced = more.announced ?? false;
    this.error = more.error ?? new HeadwayError('network', reason);
  }

  /** Milliseconds after which the server wants its client back. */
  readonly retry: number | undefined;
  /** The server said that it would end: the network is not to blame. */
  readonly announced: boolean;
  /** What to tell a page when there is no coming back. */
  readonly error: HeadwayError;
}

/** Codes that the network, or a box in it, is known to cause: no word of the server. */
const BROKEN = new Set([1002, 1005, 1006, 1007, 1015]);

/** What a WebSocket's close means. */
export function closed(code: number, reason: string, retry?: number): Ended {
  if (BROKEN.has(code)) {
    return new Ended('the connection broke', 'reconnect', { retry });
  }
  const advice = CLOSES[code] ?? 'reconnect';
  const text = reason || `the server closed with code ${code}`;
  const error = new HeadwayError(advice === 'renew' ? 'unauthorized' : 'closed', text, { code });
  return new Ended(text, advice, { retry, announced: true, error });
}

/** What an error of the server means, where it ends the connection. One that is a farewell has the close code in it. */
export function refused(fields: unknown, retry?: number): Ended {
  const { close, message } = fields as { close?: unknown; message?: unknown };
  if (typeof close === 'number') {
    return closed(close, String(message ?? ''), retry);
  }
  const error = errorOf(fields);
  const advice = error.code === 'unauthorized' ? 'renew' : error.retry ? 'reconnect' : 'stop';
  return new Ended(error.message, advice, { retry, announced: true, error });
}

/** What an HTTP answer means that is not the one hoped for. */
export async function answered(response: Response): Promise<Ended> {
  const after = Number(response.headers.get('retry-after') ?? NaN);
  const retry = Number.isFinite(after) ? after * 1000 : undefined;
  let body: unknown;
  try {
    body = ((await response.json()) as { error?: unknown }).error;
  } catch {
    // Not JSON: no answer of ours.
  }
  if (typeof body === 'object' && body !== null && 'code' in body) {
    return refused(body, retry);
  }
  if (response.status === 401) {
    return refused({ code: 'unauthorized', message: 'a token is needed' });
  }
  return new Ended(`something answered with HTTP ${response.status}`, 'reconnect', { retry });
}

/** What was thrown, as an ending. */
export function failed(cause: unknown): Ended {
  return cause instanceof Ended ? cause : new Ended(cause instanceof Error ? cause.message : String(cause));
}

/** An error as it stands on every wire. */
export function errorOf(fields: unknown): HeadwayError {
  const { code, message, details } = (fields ?? {}) as Record<string, unknown>;
  const known = typeof code === 'string' && code in ERRORS ? (code as ErrorCode) : 'internal';
  return new HeadwayError(
    known,
    typeof message === 'string' ? message : 'the server sent an error without a message',
    (details ?? {}) as Record<string, unknown>,
  );
}

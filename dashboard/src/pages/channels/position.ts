/** Positions, `epoch.offset`, as people write them and as pages go through a log by them. */
import type { HeadwayError } from 'headway-client';

export interface Position {
  readonly epoch: string;
  readonly offset: number;
}

/** Undefined: it is none. */
export function positionOf(text: string): Position | undefined {
  const found = /^([^.\s]+)\.(\d{1,15})$/.exec(text);
  return found === null ? undefined : { epoch: found[1] ?? '', offset: Number(found[2]) };
}

/** So many offsets before a position. What is before the first is the beginning. */
export function earlier(position: string, by: number): string {
  const { epoch, offset } = positionOf(position) ?? { epoch: '', offset: 0 };
  return epoch === '' || offset <= by ? '' : `${epoch}.${offset - by}`;
}

/** Where to begin, as the address says it. */
export type Beginning = { readonly last: number } | { readonly since: string };

/** The newest of a channel: enough to see what goes on. */
export const NEWEST = 200;
const MOST_NEWEST = 2_000;

export function beginningOf(search: string): Beginning {
  const query = new URLSearchParams(search);
  const since = query.get('since');
  if (since !== null) {
    return { since };
  }
  const last = Number(query.get('last') ?? NEWEST);
  return { last: Number.isInteger(last) && last > 0 ? Math.min(last, MOST_NEWEST) : NEWEST };
}

/** The same as the part of an address behind the `?`. */
export function spelled(beginning: Beginning): string {
  const query = 'since' in beginning ? { since: beginning.since } : { last: String(beginning.last) };
  return new URLSearchParams(query).toString();
}

/** What went wrong, for people. */
export function said(error: HeadwayError): string {
  return error.code === 'network' ? `The server was not reached: ${error.message}` : error.message;
}

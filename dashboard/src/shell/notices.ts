/**
 * What is told in a corner of the page: it goes away by itself, and can be read again behind the bell.
 *
 *     tell({ tone: 'good', title: 'Nightly ETL completed', detail: '1,000 rows', to: '/tasks/7' })
 */
import type { Tone } from 'headway-react';
import { useSyncExternalStore } from 'react';

export interface Notice {
  readonly id: number;
  readonly tone: Tone;
  readonly title: string;
  readonly detail: string | undefined;
  /** The page that says more. */
  readonly to: string | undefined;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly seen: boolean;
  /** Still in the corner. */
  readonly shown: boolean;
}

export interface Telling {
  readonly tone: Tone;
  readonly title: string;
  readonly detail?: string | undefined;
  readonly to?: string | undefined;
}

/** Enough for a day's look back; a page that is open for weeks keeps no more. */
const KEPT = 50;
/** More at once would be a wall. */
const SHOWN = 4;

let notices: readonly Notice[] = [];
let last = 0;
const listeners = new Set<() => void>();

/** Tell something. */
export function tell({ tone, title, detail, to }: Telling): void {
  const notice: Notice = { id: (last += 1), tone, title, detail, to, at: Date.now(), seen: false, shown: true };
  const crowd = notices.filter((one) => one.shown).slice(0, SHOWN - 1);
  change([notice, ...notices.map((one) => (crowd.includes(one) ? one : { ...one, shown: false }))].slice(0, KEPT));
}

/** Take it out of the corner; it can be read behind the bell. */
export function dismiss(id: number, seen: boolean): void {
  change(notices.map((one) => (one.id === id ? { ...one, shown: false, seen: one.seen || seen } : one)));
}

/** All of them have been read. */
export function markSeen(): void {
  if (notices.some((one) => !one.seen || one.shown)) {
    change(notices.map((one) => ({ ...one, seen: true, shown: false })));
  }
}

/** Forget them all. */
export function clear(): void {
  change([]);
}

/** What was told, the newest first. */
export function useNotices(): readonly Notice[] {
  return useSyncExternalStore(follow, () => notices);
}

function change(next: readonly Notice[]): void {
  notices = next;
  listeners.forEach((listener) => listener());
}

function follow(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

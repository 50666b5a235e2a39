/**
 * Which cards are shown, and in which order. A card that somebody reads stays where it is: the order is made when the
 * page is opened, when a filter or the sorting changes, when it is asked for, and after a minute in which nobody moved
 * anything. In between, new ones are put at the end, and what no longer belongs stays and is told apart.
 */
import { useCallback, useEffect, useState } from 'react';

import type { Card } from './fleet.js';
import { STATUSES } from './wire.js';
import type { Application, Status } from './wire.js';

export const SORTS = ['worst', 'name', 'slowest', 'uptime'] as const;
export type Sort = (typeof SORTS)[number];
export const SORT_WORDS: Readonly<Record<Sort, string>> = { worst: 'Worst first', name: 'By name', slowest: 'Slowest first', uptime: 'Lowest uptime first' };

export interface Choice {
  /** '' is all; `unconfigured` and its like. */
  readonly status: string;
  readonly environment: string;
  readonly category: string;
  readonly tag: string;
  readonly q: string;
  readonly sort: Sort;
}

const IDLE_MS = 60_000;
const LOOK_MS = 5_000;
const RANKS: Readonly<Record<Status, number>> = { error: 0, warning: 1, unknown: 2, maintenance: 3, healthy: 4, paused: 5, unconfigured: 6 };

/** Whether a card is what was asked for, but for its status. */
export function fits({ displayName, name, environment, category, tags, owner }: Application, choice: Choice): boolean {
  const { q } = choice;
  const text = `${displayName} ${name} ${category} ${tags.join(' ')} ${owner.team ?? ''}`.toLowerCase();
  return (
    (choice.environment === '' || environment === choice.environment) &&
    (choice.category === '' || category === choice.category) &&
    (choice.tag === '' || tags.includes(choice.tag)) &&
    q
      .toLowerCase()
      .split(/\s+/)
      .every((word) => text.includes(word))
  );
}

/** How many of each status, and of all. */
export function countsOf(cards: readonly Card[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = { '': cards.length };
  for (const status of STATUSES) {
    counts[status] = cards.filter(({ application }) => application.status === status).length;
  }
  return counts;
}

export interface Arranged {
  readonly cards: readonly Card[];
  /** Ids of those that no longer belong. */
  readonly left: ReadonlySet<string>;
  /** How many would stand elsewhere. */
  readonly moved: number;
  readonly arrange: () => void;
}

export function useArranged(cards: readonly Card[], choice: Choice): Arranged {
  const key = JSON.stringify(choice);
  const wanted = cards
    .filter(({ application }) => fits(application, choice) && (choice.status === '' || application.status === choice.status))
    .sort((one, other) => compared(one.application, other.application, choice.sort))
    .map(({ application }) => application.id);
  const [held, setHeld] = useState<{ readonly key: string; readonly ids: readonly string[] }>();
  const mark = wanted.join('\n');
  const arrange = useCallback(() => setHeld({ key, ids: mark === '' ? [] : mark.split('\n') }), [key, mark]);
  const stale = held?.key !== key || (held.ids.length === 0 && wanted.length > 0);
  useEffect(() => {
    if (stale) {
      arrange();
    }
  }, [stale, arrange]);
  const byId = new Map(cards.map((card) => [card.application.id, card]));
  const before = stale ? wanted : held.ids.filter((id) => byId.has(id));
  const place = new Set(before);
  const ids = [...before, ...wanted.filter((id) => !place.has(id))];
  const moved = stale ? 0 : movedOf(ids, wanted);
  useIdle(moved > 0, arrange);
  const belongs = new Set(wanted);
  return {
    cards: ids.flatMap((id) => byId.get(id) ?? []),
    left: new Set(ids.filter((id) => !belongs.has(id))),
    moved,
    arrange,
  };
}

/** Those that do not belong any more, and those of the others that stand out of order. */
function movedOf(shown: readonly string[], wanted: readonly string[]): number {
  const ranks = new Map(wanted.map((id, index) => [id, index]));
  const order = shown.flatMap((id) => ranks.get(id) ?? []);
  return shown.length - order.length + (order.length - longestRising(order));
}

/** The length of the longest rising sequence: so many can stay. */
function longestRising(numbers: readonly number[]): number {
  const ends: number[] = [];
  for (const value of numbers) {
    const at = ends.findIndex((end) => end >= value);
    ends[at === -1 ? ends.length : at] = value;
  }
  return ends.length;
}

/** Nobody has moved anything for a minute, as before a screen on the wall. */
function useIdle(wanted: boolean, act: () => void): void {
  useEffect(() => {
    if (!wanted) {
      return undefined;
    }
    let touched = performance.now();
    const touch = (): void => {
      touched = performance.now();
    };
    const names = ['pointermove', 'pointerdown', 'keydown', 'scroll', 'focusin'] as const;
    names.forEach((name) => addEventListener(name, touch, { passive: true, capture: true }));
    const timer = setInterval(() => {
      if (performance.now() - touched > IDLE_MS) {
        act();
      }
    }, LOOK_MS);
    return () => {
      clearInterval(timer);
      names.forEach((name) => removeEventListener(name, touch, { capture: true }));
    };
  }, [wanted, act]);
}

function compared(one: Application, other: Application, sort: Sort): number {
  return byValue(one, other, sort) || one.displayName.localeCompare(other.displayName) || one.id.localeCompare(other.id);
}

function byValue(one: Application, other: Application, sort: Sort): number {
  switch (sort) {
    case 'worst':
      return rankOf(one) - rankOf(other);
    case 'slowest':
      return (other.responseTime ?? -1) - (one.responseTime ?? -1);
    case 'uptime':
      return (one.uptime?.['24h'] ?? 101) - (other.uptime?.['24h'] ?? 101);
    case 'name':
      return 0;
  }
}

function rankOf({ status }: Application): number {
  return RANKS[status] ?? RANKS.unknown;
}

'use client';
import type { EventOf, Event, Types } from 'headway-client';
import { useCallback, useSyncExternalStore } from 'react';

import { boardOf } from './board.js';
import { useHeadway } from './provider.js';
import { NOTHING } from './view.js';
import type { ChannelView, Choice } from './view.js';

export interface UseChannelOptions {
  /** Where to begin: '' is everything the log holds, a position is everything after it. Default: the state, then live. */
  readonly since?: string | undefined;
  /** Begin so many offsets before the newest. Not together with `since`. */
  readonly last?: number | undefined;
  /** How many of the newest events are kept (100). */
  readonly keep?: number | undefined;
  /** Keep only events of these types. */
  readonly types?: readonly string[] | undefined;
  /** Keep only events without a key: those that no newer one replaces. */
  readonly milestones?: boolean | undefined;
}

/** Enough for a list that people read; a page that shows more says how much more. */
export const KEEP = 100;

/** An event of any of the declared types. */
export type AnyOf<T extends Types> = { [Name in keyof T]: EventOf<T, Name> }[keyof T] & Event;

/**
 * Follow a channel while the component is mounted; `undefined` follows none. Components that follow the same channel
 * share one reader, which begins where the one that wants most says. Renders at most once a frame.
 */
export function useChannel<T extends Types = Types>(
  name: string | undefined,
  options: UseChannelOptions = {},
): ChannelView<AnyOf<T>> {
  const { keep = KEEP, types, milestones = false, since, last } = options;
  // What the page declared its events to be.
  return useView(name, { keep, types, milestones, state: true }, since, last) as ChannelView<AnyOf<T>>;
}

/** The same with a choice about the state. */
export function useView(
  name: string | undefined,
  choice: Choice,
  since: string | undefined,
  last: number | undefined,
): ChannelView {
  const board = boardOf(useHeadway());
  // Values, so that an object that is written into the call is not another choice each time.
  const key = JSON.stringify([choice.keep, choice.types ?? null, choice.milestones, choice.state]);
  const subscribe = useCallback(
    (notify: () => void) => {
      if (name === undefined) {
        return () => undefined;
      }
      return board.follow(name, key, choiceOf(key), since === undefined ? { last } : { since }, notify);
    },
    [board, name, key, since, last],
  );
  const shown = useCallback(() => (name === undefined ? NOTHING : board.shown(name, key)), [board, name, key]);
  return useSyncExternalStore(subscribe, shown, () => NOTHING);
}

function choiceOf(key: string): Choice {
  const [keep, types, milestones, state] = JSON.parse(key) as [number, readonly string[] | null, boolean, boolean];
  return { keep, types: types ?? undefined, milestones, state };
}

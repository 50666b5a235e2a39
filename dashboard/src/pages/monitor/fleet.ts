/**
 * All applications, live: the records, and over them what the channel has told since.
 *
 * An application whose values are the same is the same object, so that of a hundred cards those are drawn anew that have
 * something new to say.
 */
import type { HeadwayError } from 'headway-client';
import { useChannel } from 'headway-react';
import { useEffect, useMemo, useRef } from 'react';

import { useCalm } from '../../calm.js';
import { useSession } from '../../session.js';
import { refresh, useApplicationList } from './asking.js';
import type { Application } from './wire.js';
import { millisecondsOf } from './words.js';

export const CHANNEL = 'applications';
/** What the channel tells of definitions comes live; this is for what it does not, such as uptimes that age. */
const EVERY_MS = 30_000;
/** Faster than that nobody reads numbers. */
const CALM_MS = 250;
/** Looks in a sparkline. */
const TRAIL = 24;
/** At fifty updates in a second, the time between two drawings has a dozen. */
const KEEP = 200;
const BACK = 1_000;
const LOOKS = ['healthMetricUpdate'];

export interface Card {
  readonly application: Application;
  /** Response times in ms, the newest last. */
  readonly trail: readonly number[];
}

export interface Fleet {
  /** Undefined: not known yet. */
  readonly cards: readonly Card[] | undefined;
  readonly error: HeadwayError | null;
}

type Told = ReturnType<typeof useChannel>['events'][number];

export function useFleet(): Fleet {
  const { reads } = useSession();
  const { data, error } = useApplicationList({ every: EVERY_MS });
  const { events, state } = useCalm(useChannel(reads(CHANNEL) ? CHANNEL : undefined, { keep: KEEP, last: BACK, types: LOOKS }), CALM_MS);
  const known = useRef<Known>(undefined);
  known.current ??= new Known();
  const cards = useMemo(() => known.current?.merge(data?.applications, events, state), [data, events, state]);
  useNews(data?.applications, state);
  return { cards, error };
}

/** Of an application that is told of and not in the records, the records have to be asked. */
function useNews(applications: readonly Application[] | undefined, state: ReadonlyMap<string, Told>): void {
  const asked = useRef(new Set<string>());
  useEffect(() => {
    if (applications === undefined) {
      return;
    }
    const ids = new Set(applications.map(({ id }) => id));
    const others = [...state].filter(([key, { position, removed }]) => removed !== true && key.startsWith('application/') && !ids.has(key.slice('application/'.length)) && !asked.current.has(position));
    if (others.length > 0) {
      others.forEach(([, { position }]) => asked.current.add(position));
      void refresh('applications');
    }
  }, [applications, state]);
}

interface Entry {
  readonly record: Application;
  readonly told: Told | undefined;
  readonly look: Told | undefined;
  readonly card: Card;
}

class Known {
  #entries = new Map<string, Entry>();
  readonly #trails = new Map<string, readonly number[]>();
  #last: string | undefined;
  #cards: readonly Card[] | undefined;

  merge(applications: readonly Application[] | undefined, events: readonly Told[], state: ReadonlyMap<string, Told>): readonly Card[] | undefined {
    this.#follow(events);
    if (applications === undefined) {
      return this.#cards;
    }
    const entries = new Map<string, Entry>();
    for (const record of applications) {
      const [told, look] = [state.get(`application/${record.id}`), state.get(`health/${record.id}`)];
      if (told?.['removed'] === true) {
        continue;
      }
      const before = this.#entries.get(record.id);
      const trail = this.#trails.get(record.id) ?? NONE;
      const same = before?.record === record && before.told === told && before.look === look && before.card.trail === trail;
      entries.set(record.id, same ? before : { record, told, look, card: { application: merged(record, told, look), trail } });
    }
    this.#entries = entries;
    this.#cards = [...entries.values()].map(({ card }) => card);
    return this.#cards;
  }

  /** Each look once. */
  #follow(events: readonly Told[]): void {
    const after = events.findIndex(({ position }) => position === this.#last) + 1;
    for (const { applicationId, responseTime } of events.slice(after)) {
      if (typeof applicationId === 'string' && typeof responseTime === 'number') {
        this.#trails.set(applicationId, [...(this.#trails.get(applicationId) ?? NONE), responseTime].slice(-TRAIL));
      }
    }
    this.#last = events.at(-1)?.position ?? this.#last;
  }
}

const NONE: readonly number[] = [];

/** Of two that tell of the same, the later. Their own times are compared: the clock of this machine may be another. */
export function merged(record: Application, told: Told | undefined, look: Told | undefined): Application {
  const newer = told !== undefined && later(told['updatedAt'], record.updatedAt) && later(told['lastChecked'], record.lastChecked);
  const application = newer ? { ...record, ...(told as unknown as Partial<Application>) } : record;
  if (look === undefined || typeof look['responseTime'] !== 'number' || !later(look.timestamp, application.lastChecked)) {
    return application;
  }
  return { ...application, responseTime: look['responseTime'], lastChecked: look.timestamp };
}

function later(one: unknown, other: Application['updatedAt']): boolean {
  const time = (moment: Application['updatedAt']): number => millisecondsOf(moment) || 0;
  return time(one as Application['updatedAt']) >= time(other);
}

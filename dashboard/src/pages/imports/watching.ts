/** A run as it goes: its record, its task, and what it says of itself on its channel. */
import type { HeadwayError } from 'headway-client';
import { useChannel, useTask } from 'headway-react';
import type { TaskView } from 'headway-react';
import { useEffect, useMemo } from 'react';

import { useCalm } from '../../calm.js';
import { queries } from '../../records.js';
import { pathOf, refresh, useRun } from './asking.js';
import type { Counts, Run } from './wire.js';

/** After these its record says something new. */
const TURNS = [
  'error',
  'completion',
  'population_conflict',
  'pick_population_required',
  'task_started',
  'task_paused',
  'task_resumed',
  'task_interrupted',
  'task_completed',
  'task_failed',
  'task_cancelled',
];
const ENDED = new Set(['completed', 'failed', 'cancelled']);
/** Where nothing is heard any more, such as behind a proxy that cuts everything. */
const EVERY_MS = 5_000;

export interface Watched {
  readonly run: Run | undefined;
  readonly view: TaskView;
  /** The newest of what is known. */
  readonly counts: Counts;
  readonly done: number;
  readonly total: number | undefined;
  /** Who is worked on. */
  readonly user: string | undefined;
  /** When PingOne will take the next one, in ms since 1970; undefined where it takes them. */
  readonly throttledUntil: number | undefined;
  readonly ended: boolean;
  readonly missing: HeadwayError | null;
}

/** Follow a run. `undefined` follows none. */
export function useWatched(id: string | undefined): Watched {
  const over = id !== undefined && ENDED.has(queries.getQueryData<Run>([pathOf('runs', id)])?.status ?? '');
  const record = useRun(id, { every: over ? undefined : EVERY_MS });
  const view = useTask(id, { keep: 0 });
  // The state holds the newest event of each key: `progress` is what the work says of itself.
  const { events, state } = useChannel(id === undefined ? undefined : `task:${id}`, { keep: 5, types: TURNS });
  const turn = events.at(-1)?.position;
  useEffect(() => {
    if (id !== undefined && turn !== undefined) {
      void refresh('runs');
    }
  }, [id, turn]);
  const progress = state.get('progress');
  const run = record.data;
  const { task } = view;
  const watched = useMemo((): Watched => {
    const ended = run !== undefined && ENDED.has(run.status) && (task === undefined || task.ended);
    const live = ended ? undefined : countsOf(progress?.['counts']);
    const counts = live ?? run?.counts ?? {};
    const throttled = progress?.['throttled'];
    return {
      run,
      view,
      // What is not attempted yet is what is left, until it has ended.
      counts: ended ? (run?.counts ?? {}) : { ...counts, ...(task === undefined ? {} : later(task.counts, counts)), not_attempted: 0 },
      done: task?.done ?? 0,
      total: task?.total ?? run?.total ?? undefined,
      user: textOf(progress?.['user']) ?? task?.current,
      throttledUntil: typeof throttled === 'number' && throttled > 0 && progress !== undefined ? Date.parse(progress.timestamp) + throttled * 1_000 : undefined,
      ended,
      missing: record.error,
    };
  }, [run, view, progress, task, record.error]);
  return useCalm(watched);
}

/** Counts only grow: of two that tell of the same, the greater is the later. */
function later(one: Counts, other: Counts): Counts {
  return Object.fromEntries(Object.entries(one).map(([name, value]) => [name, Math.max(value, other[name] ?? 0)]));
}

/** `succeeded` is what the seeds' page shows: the sum of others. */
function countsOf(value: unknown): Counts | undefined {
  if (typeof value !== 'object' || value === null) {
    return undefined;
  }
  return Object.fromEntries(Object.entries(value).filter((entry): entry is [string, number] => typeof entry[1] === 'number' && entry[0] !== 'succeeded'));
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

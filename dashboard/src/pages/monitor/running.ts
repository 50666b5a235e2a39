/** A test run as it goes: its task, and what it says of itself on its channel. */
import { useChannel, useTask, useTasks } from 'headway-react';
import type { TaskView } from 'headway-react';
import { useEffect, useMemo } from 'react';

import { useCalm } from '../../calm.js';
import { useRecord } from '../../records.js';
import { useSession } from '../../session.js';
import { pathOf, refresh, useRunRecord } from './asking.js';
import type { Run, Summary } from './wire.js';
import { runOf } from './words.js';

const JOB = 'test-run';
const ENDED: ReadonlySet<string> = new Set(['completed', 'failed', 'cancelled']);
const TURNS = ['testRunStarted', 'testRunCompleted', 'testRunCancelled', 'task_paused', 'task_resumed', 'task_interrupted', 'task_completed', 'task_failed', 'task_cancelled'];
const ENDS = ['testCompleted', 'testFailed'];
const EVERY_MS = 5_000;
/** Results of a run come by the dozen; its record is asked for at most so often. */
const CALM_MS = 1_000;

/** Which run goes on now, or was the last one. */
export function useCurrentRun(begun: string | undefined): string | undefined {
  const { reads } = useSession();
  const { tasks } = useTasks();
  const going = tasks.filter(({ job, ended }) => job === JOB && !ended);
  const status = useRecord<unknown>(pathOf('tests', 'status'), { every: EVERY_MS });
  const history = useRecord<{ readonly runs?: readonly Run[] }>(`${pathOf('tests', 'history')}?limit=1`, { when: begun === undefined });
  const told = reads('tasks') ? going[0]?.task : undefined;
  const known = runsIn(status.data).find((run) => !ENDED.has(run.status));
  const last = history.data?.runs?.[0];
  return told ?? (begun === undefined ? idOf(known) : runOf(begun)) ?? idOf(known) ?? idOf(last);
}

function runsIn(data: unknown): readonly Run[] {
  const { runs, running } = (data ?? {}) as { readonly runs?: unknown; readonly running?: unknown };
  const found = Array.isArray(runs) ? runs : running;
  return Array.isArray(found) ? (found as readonly Run[]) : [];
}

function idOf(run: Run | undefined): string | undefined {
  return run === undefined ? undefined : runOf(run.testRunId);
}

export interface Running {
  readonly id: string | undefined;
  readonly run: Run | undefined;
  readonly view: TaskView;
  readonly status: string | undefined;
  readonly ended: boolean;
  readonly total: number | undefined;
  readonly completed: number;
  /** Under way, and waiting. */
  readonly running: number;
  readonly queued: number;
  readonly current: string | undefined;
  readonly summary: Summary | undefined;
  readonly error: string | undefined;
  readonly missing: Error | null;
}

/** Follow a run. `undefined` follows none. `results`: have its record follow each result. */
export function useRunning(id: string | undefined, { results = false }: { readonly results?: boolean } = {}): Running {
  const record = useRunRecord(id ?? '', { when: id !== undefined, every: EVERY_MS });
  const view = useTask(id, { keep: 0 });
  const channel = id === undefined ? undefined : `task:${id}`;
  const { events, state } = useChannel(channel, { keep: 5, types: TURNS });
  const ends = useChannel(results ? channel : undefined, { keep: 1, types: ENDS }).events.at(-1)?.position;
  const turn = events.at(-1)?.position;
  const calm = useCalm(ends, CALM_MS);
  useEffect(() => {
    if (turn !== undefined) {
      void refresh('tests');
    }
  }, [turn]);
  useEffect(() => {
    if (id !== undefined && calm !== undefined) {
      void refresh('tests', id);
    }
  }, [id, calm]);
  const progress = state.get('progress');
  const run = record.data;
  const { task } = view;
  const end = events.findLast(({ type }) => type === 'testRunCompleted' || type === 'testRunCancelled');
  const running = useMemo((): Running => {
    const status = task?.status ?? run?.status;
    const ended = status !== undefined && ENDED.has(status);
    const total = numberOf(progress?.['total']) ?? task?.total ?? run?.total ?? run?.summary?.total ?? undefined;
    const completed = Math.max(numberOf(progress?.['completed']) ?? 0, task?.done ?? 0, ended ? (run?.summary?.total ?? 0) : 0);
    return {
      id,
      run,
      view,
      status,
      ended,
      total,
      completed: ended && total !== undefined ? Math.min(total, completed) : completed,
      running: ended ? 0 : (numberOf(progress?.['running']) ?? 0),
      queued: ended ? 0 : (numberOf(progress?.['queued']) ?? Math.max(0, (total ?? 0) - completed)),
      current: ended ? undefined : textOf(progress?.['currentApplication']),
      summary: (end?.['summary'] as Summary | undefined) ?? run?.summary ?? undefined,
      error: textOf(end?.['error']) ?? run?.error ?? (task?.status === 'failed' ? task.error?.message : undefined),
      missing: record.error,
    };
  }, [id, run, view, task, progress, end, record.error]);
  return useCalm(running);
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

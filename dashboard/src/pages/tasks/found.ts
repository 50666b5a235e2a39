/** The records of tasks, page by page; what is followed live anyway is shown as it is now. */
import { useInfiniteQuery } from '@tanstack/react-query';
import type { HeadwayError } from 'headway-client';
import { useChannel, useHeadway, useTasks } from 'headway-react';
import type { TaskState, TaskStatus } from 'headway-react';
import { useEffect, useMemo } from 'react';

import { useCalm } from '../../calm.js';
import { useSession } from '../../session.js';
import { stateOfRecord } from '../../tasks/records.js';
import type { TaskPage } from '../../tasks/records.js';
import type { Filter } from './filter.js';

const PAGE = 50;
const PATIENCE_MS = 3_000;
/** What begins or ends is looked for at most so often. */
const LOOK_MS = 1_000;

export interface Found {
  readonly tasks: readonly TaskState[];
  /** Of all tasks by state; undefined for who may not read them all. */
  readonly counts: Readonly<Partial<Record<TaskStatus, number>>> | undefined;
  /** Something has been answered. */
  readonly known: boolean;
  readonly error: HeadwayError | null;
  /** There are older ones. */
  readonly more: boolean;
  readonly busy: boolean;
  readonly older: () => void;
}

export function useFound(filter: Filter): Found {
  const client = useHeadway();
  const query = useInfiniteQuery<TaskPage, HeadwayError, { readonly pages: readonly TaskPage[] }, unknown[], number | null>({
    queryKey: ['api/tasks', filter],
    queryFn: async ({ pageParam }) =>
      (await client.command(pathOf(filter, pageParam), { method: 'GET', patience: PATIENCE_MS })) as TaskPage,
    initialPageParam: null,
    getNextPageParam: ({ before }) => before,
    placeholderData: (before) => before,
  });
  const { data, refetch } = query;
  const live = useLive();
  const changes = useCalm(useMilestones(), LOOK_MS);
  useEffect(() => {
    if (changes !== undefined) {
      void refetch();
    }
  }, [changes, refetch]);
  const tasks = useMemo(
    () => (data?.pages ?? []).flatMap((page) => page.tasks).flatMap(stateOfRecord).map((task) => live.get(task.task) ?? task),
    [data, live],
  );
  return {
    tasks,
    counts: data?.pages[0]?.counts,
    known: data !== undefined,
    error: query.error,
    more: query.hasNextPage,
    busy: query.isFetchingNextPage,
    older: () => void query.fetchNextPage(),
  };
}

function useLive(): ReadonlyMap<string, TaskState> {
  const { tasks } = useCalm(useTasks());
  return useMemo(() => new Map(tasks.map((task) => [task.task, task])), [tasks]);
}

/** Changes with everything that begins, ends or is held. */
function useMilestones(): string | undefined {
  const { reads } = useSession();
  return useChannel(reads('tasks') ? 'tasks' : undefined, { keep: 1, milestones: true }).events.at(-1)?.position;
}

function pathOf({ statuses, name }: Filter, before: number | null): string {
  const query = new URLSearchParams({ limit: String(PAGE) });
  statuses.forEach((status) => query.append('status', status));
  if (name !== '') {
    query.set('name', name);
  }
  if (before !== null) {
    query.set('before', String(before));
  }
  return `api/tasks?${query}`;
}

'use client';
import { HeadwayError } from 'headway-client';
import type { Event, Gap, Status } from 'headway-client';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';

import { useView } from './channel.js';
import { useHeadway } from './provider.js';
import { stateOf } from './task-state.js';
import type { TaskAction, TaskItem, TaskLog, TaskState } from './task-state.js';
import type { Recovery } from './view.js';

export interface UseTaskOptions {
  /** The task's channel, where it is not `task:` and its id. */
  readonly channel?: string | undefined;
  /** Where items, lines and milestones begin, as in `useChannel`. Default: from now on. */
  readonly since?: string | undefined;
  readonly last?: number | undefined;
  /** How many items and how many lines are kept (200 of each). */
  readonly keep?: number | undefined;
}

export interface TaskActions {
  /** Ask for it. Resolves with whether the server accepts; why not is in `refusal`. Never rejects. */
  readonly pause: () => Promise<boolean>;
  readonly resume: () => Promise<boolean>;
  readonly cancel: () => Promise<boolean>;
  /** What was asked for and is not known to have been taken up. */
  readonly asking: TaskAction | undefined;
  /** Why the last thing that was asked for will not happen. */
  readonly refusal: Refusal | undefined;
  /** Take the refusal away. */
  readonly forgive: () => void;
}

export interface Refusal {
  readonly action: TaskAction;
  /** `illegal_transition`: the task's state does not allow it. */
  readonly error: HeadwayError;
}

export interface TaskView extends TaskActions {
  /** Undefined as long as nothing was told of it. */
  readonly task: TaskState | undefined;
  /** Its parts, the oldest first. */
  readonly children: readonly TaskState[];
  readonly items: readonly TaskItem[];
  readonly log: readonly TaskLog[];
  /** What happened to it: queued, started, paused, … */
  readonly milestones: readonly Event[];
  readonly status: Status;
  readonly gaps: readonly Gap[];
  readonly recoveries: readonly Recovery[];
  /** Why it cannot be watched. */
  readonly error: HeadwayError | undefined;
}

const KEEP = 200;
/** A person waits for the answer. */
const PATIENCE_MS = 10_000;
const MILESTONES = [
  'task_queued',
  'task_started',
  'task_paused',
  'task_resumed',
  'task_interrupted',
  'task_retrying',
  'task_completed',
  'task_failed',
  'task_cancelled',
  'task_requested',
];

/** Watch one task, and ask things of it. */
export function useTask(id: string | undefined, options: UseTaskOptions = {}): TaskView {
  const { channel = id === undefined ? undefined : `task:${id}`, since, last, keep = KEEP } = options;
  const view = useView(channel, { keep: 0, types: undefined, milestones: false, state: true }, since, last);
  const items = useView(channel, { keep, types: ['task_item'], milestones: true, state: false }, since, last).events;
  const log = useView(channel, { keep, types: ['task_log'], milestones: true, state: false }, since, last).events;
  const milestones = useView(channel, { keep, types: MILESTONES, milestones: true, state: false }, since, last).events;
  const { task, children } = useMemo(() => family(id, view.state), [id, view.state]);
  const actions = useTaskActions(id, task);
  const { status, gaps, recoveries, error } = view;
  return useMemo(
    // These lists hold what their types say: the reader chose by it, and the shape is the task's wire.
    () => ({
      task,
      children,
      items: items as readonly TaskItem[],
      log: log as readonly TaskLog[],
      milestones,
      status,
      gaps,
      recoveries,
      error,
      ...actions,
    }),
    [task, children, items, log, milestones, status, gaps, recoveries, error, actions],
  );
}

/** Every root task there is: those that go on first, the newest first among them. */
export function useTasks(): Pick<TaskView, 'status' | 'gaps' | 'recoveries' | 'error'> & {
  readonly tasks: readonly TaskState[];
} {
  const { state, status, gaps, recoveries, error } = useView(
    'tasks',
    { keep: 0, types: undefined, milestones: false, state: true },
    undefined,
    undefined,
  );
  const tasks = useMemo(() => [...state.values()].flatMap((event) => stateOf(event) ?? []).sort(inOrder), [state]);
  return useMemo(() => ({ tasks, status, gaps, recoveries, error }), [tasks, status, gaps, recoveries, error]);
}

/** Ask things of a task whose state comes from elsewhere, as from `useTasks`. */
export function useTaskActions(id: string | undefined, task: TaskState | undefined): TaskActions {
  const client = useHeadway();
  const [asked, setAsked] = useState<Asked>();
  const [refusal, setRefusal] = useState<Refusal & { readonly id: string }>();
  const position = useRef(task?.position);
  useEffect(() => {
    position.current = task?.position;
  });
  const ask = useCallback(
    async (action: TaskAction): Promise<boolean> => {
      if (id === undefined) {
        return false;
      }
      setRefusal(undefined);
      setAsked({ id, action, answeredAt: undefined });
      try {
        const path = `api/tasks/${encodeURIComponent(id)}/${action}`;
        await client.command(path, { patience: PATIENCE_MS });
        setAsked({ id, action, answeredAt: position.current ?? '' });
        return true;
      } catch (thrown) {
        const error = thrown instanceof HeadwayError ? thrown : new HeadwayError('network', String(thrown));
        setAsked(undefined);
        setRefusal({ id, action, error });
        return false;
      }
    },
    [client, id],
  );
  const asking = asked !== undefined && asked.id === id && !isTaken(asked, task) ? asked.action : undefined;
  const refused = refusal?.id === id ? refusal : undefined;
  return useMemo(
    () => ({
      pause: () => ask('pause'),
      resume: () => ask('resume'),
      cancel: () => ask('cancel'),
      asking,
      refusal: refused,
      forgive: () => setRefusal(undefined),
    }),
    [ask, asking, refused],
  );
}

interface Asked {
  readonly id: string;
  readonly action: TaskAction;
  /** Where the task stood when the server had accepted. */
  readonly answeredAt: string | undefined;
}

/** Whether what is told of the task includes what was asked of it: then that speaks for itself. */
function isTaken({ answeredAt }: Asked, task: TaskState | undefined): boolean {
  return answeredAt !== undefined && task !== undefined && (task.wanted !== undefined || task.position !== answeredAt);
}

function family(
  id: string | undefined,
  state: ReadonlyMap<string, Event>,
): { task: TaskState | undefined; children: readonly TaskState[] } {
  const all = [...state.values()].flatMap((event) => stateOf(event) ?? []);
  return {
    task: all.find((one) => one.task === id),
    // A map remembers who came first, and so does the order on the page.
    children: all.filter((one) => one.task !== id && one.parent !== undefined),
  };
}

function inOrder(one: TaskState, other: TaskState): number {
  const [first, second] = [began(one), began(other)];
  return Number(one.ended) - Number(other.ended) || (first === second ? 0 : first < second ? 1 : -1);
}

function began(task: TaskState): string {
  return task.queuedAt ?? task.startedAt ?? '';
}

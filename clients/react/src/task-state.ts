/**
 * What is told of a task, read from its events: `task_progress` carries the whole state, so that any single one is
 * enough; `task_item` and `task_log` are what happened on the way. Whatever is missing or strange becomes the value that
 * claims least, because an event is what somebody published.
 */
import type { Event } from 'headway-client';

export const STATUSES = ['queued', 'running', 'paused', 'interrupted', 'completed', 'failed', 'cancelled'] as const;
export type TaskStatus = (typeof STATUSES)[number];

export const ACTIONS = ['pause', 'resume', 'cancel'] as const;
export type TaskAction = (typeof ACTIONS)[number];

/** What leads to nothing else. */
const TERMINAL: ReadonlySet<TaskStatus> = new Set(['completed', 'failed', 'cancelled']);

export interface TaskState {
  readonly task: string;
  readonly parent: string | undefined;
  readonly name: string;
  readonly job: string | undefined;
  readonly status: TaskStatus;
  /** Asked for and not reached yet: `paused`, `cancelled`. */
  readonly wanted: string | undefined;
  readonly total: number | undefined;
  readonly done: number;
  readonly initial: number;
  readonly unit: string | undefined;
  /** From 0 to 100; undefined where the total is unknown. */
  readonly percent: number | undefined;
  /** By outcome. */
  readonly counts: Readonly<Record<string, number>>;
  /** Per second. */
  readonly rate: number | undefined;
  /** Seconds. */
  readonly eta: number | undefined;
  /** Seconds of running. */
  readonly elapsed: number;
  readonly stalled: boolean;
  readonly current: string | undefined;
  readonly attempt: number;
  readonly queuedAt: string | undefined;
  readonly startedAt: string | undefined;
  readonly endedAt: string | undefined;
  /** Why it is queued. */
  readonly waiting: string | undefined;
  /** What would be accepted now. */
  readonly allowed: readonly TaskAction[];
  readonly error: { readonly code: string; readonly message: string } | undefined;
  readonly result: unknown;
  /** Completed, failed or cancelled: nothing can happen any more. */
  readonly ended: boolean;
  /** Of the event that told this. */
  readonly position: string;
  readonly timestamp: string;
}

/** One row, check or step that was worth telling. */
export interface TaskItem extends Event {
  readonly type: 'task_item';
  readonly task: string;
  readonly item: string;
  readonly outcome: string;
  readonly message?: string | null;
  readonly code?: string | null;
}

/** One line of a log. */
export interface TaskLog extends Event {
  readonly type: 'task_log';
  readonly task: string;
  readonly level: string;
  readonly message: string;
  readonly logger?: string | null;
}

const known = new WeakMap<Event, TaskState>();

/** The state that an event tells; undefined where it is none of a task. The same event gives the same object. */
export function stateOf(event: Event): TaskState | undefined {
  const task = text(event['task']);
  if (task === undefined || !event.type.startsWith('task_')) {
    return undefined;
  }
  let state = known.get(event);
  if (state === undefined) {
    state = read(event, task);
    known.set(event, state);
  }
  return state;
}

function read(event: Event, task: string): TaskState {
  const status = STATUSES.find((one) => one === event['status']) ?? 'queued';
  const total = amount(event['total']);
  const percent = amount(event['percent']);
  const allowed = event['allowed'];
  return {
    task,
    parent: text(event['parent']),
    name: text(event['name']) ?? task,
    job: text(event['job']),
    status,
    wanted: text(event['wanted']),
    total,
    done: amount(event['done']) ?? 0,
    initial: amount(event['initial']) ?? 0,
    unit: text(event['unit']),
    percent: percent === undefined ? undefined : Math.min(100, percent),
    counts: countsOf(event['counts']),
    rate: amount(event['rate']),
    eta: amount(event['eta']),
    elapsed: amount(event['elapsed']) ?? 0,
    stalled: event['stalled'] === true,
    current: text(event['current']),
    attempt: amount(event['attempt']) ?? 1,
    queuedAt: text(event['queued_at']),
    startedAt: text(event['started_at']),
    endedAt: text(event['ended_at']),
    waiting: text(event['waiting']),
    allowed: Array.isArray(allowed) ? ACTIONS.filter((action) => allowed.includes(action)) : [],
    error: errorOf(event['error']),
    result: event['result'] ?? undefined,
    ended: TERMINAL.has(status),
    position: event.position,
    timestamp: event.timestamp,
  };
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function amount(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined;
}

function countsOf(value: unknown): Readonly<Record<string, number>> {
  if (typeof value !== 'object' || value === null) {
    return {};
  }
  return Object.fromEntries(
    Object.entries(value).flatMap(([outcome, count]) => {
      const many = amount(count);
      return many === undefined ? [] : [[outcome, many] as const];
    }),
  );
}

function errorOf(value: unknown): TaskState['error'] {
  if (typeof value !== 'object' || value === null) {
    return undefined;
  }
  const { code, message } = value as { code?: unknown; message?: unknown };
  return { code: text(code) ?? 'error', message: text(message) ?? 'it failed without saying why' };
}

/** Tasks as `GET /api/tasks` has them, in the form in which they come live. */
import { stateOf } from 'headway-react';
import type { TaskState, TaskStatus } from 'headway-react';

export interface TaskRecord {
  readonly task: string;
  readonly channel: string;
  readonly name: string;
  readonly status: TaskStatus;
  readonly queued_at: string | null;
  readonly started_at: string | null;
  readonly ended_at: string | null;
  readonly elapsed: number;
  readonly error: { readonly message: string } | null;
}

export interface TaskPage {
  readonly tasks: readonly TaskRecord[];
  /** For the page of those before these; null: there is none. */
  readonly before: number | null;
  /** Of all tasks by state, for who may read them all. */
  readonly counts?: Readonly<Partial<Record<TaskStatus, number>>>;
}

/** None for what is no task. */
export function stateOfRecord(record: TaskRecord): readonly TaskState[] {
  const { task, ended_at, started_at, queued_at } = record;
  const timestamp = ended_at ?? started_at ?? queued_at ?? '';
  // It has no place in a log; what is shown of it is told apart by what can change.
  const state = stateOf({ type: 'task_progress', offset: 0, position: `${task} ${timestamp}`, timestamp, ...record });
  return state === undefined ? [] : [state];
}

/** Which tasks are listed: as the address says it, so that a reload, a bookmark and the way back keep it. */
import type { TaskStatus, Tone } from 'headway-react';

export const STATUSES: readonly TaskStatus[] = ['running', 'queued', 'paused', 'interrupted', 'failed', 'cancelled', 'completed'];

/** As the badges of the tasks have them. */
export const TONES: Readonly<Record<TaskStatus, Tone>> = {
  running: 'busy',
  queued: 'calm',
  paused: 'warn',
  interrupted: 'warn',
  failed: 'bad',
  cancelled: 'warn',
  completed: 'good',
};

export interface Filter {
  /** None: all. */
  readonly statuses: readonly TaskStatus[];
  /** Part of the name. */
  readonly name: string;
}

export function filterOf(search: string): Filter {
  const query = new URLSearchParams(search);
  const given = query.getAll('status').flatMap((each) => each.split(','));
  return { statuses: STATUSES.filter((status) => given.includes(status)), name: query.get('name') ?? '' };
}

export function addressOf({ statuses, name }: Filter): string {
  const query = new URLSearchParams({
    ...(statuses.length === 0 ? {} : { status: statuses.join(',') }),
    ...(name === '' ? {} : { name }),
  });
  return query.size === 0 ? '/tasks' : `/tasks?${query}`;
}

import type { TaskState, Tone } from 'headway-react';
import { amount, percent, toneOf } from 'headway-react/words';
import type { CSSProperties, ReactElement } from 'react';

import styles from './bar.module.css';

/** In this order, so that the bar does not change its order as it grows. */
const ORDER: readonly Tone[] = ['good', 'calm', 'warn', 'bad'];

/** What has no outcome has the tone of the task itself. */
const RESTS: Readonly<Record<TaskState['status'], Tone>> = {
  queued: 'calm',
  running: 'busy',
  paused: 'busy',
  interrupted: 'busy',
  completed: 'good',
  failed: 'calm',
  cancelled: 'calm',
};

export interface BarProps {
  readonly task: TaskState;
  readonly thick?: boolean | undefined;
}

/** How far a task is, by outcome. Without a total it moves, and claims nothing. */
export function Bar({ task, thick = false }: BarProps): ReactElement {
  const { done, total, percent: share, ended, status, name } = task;
  const open = share === undefined && !ended && status !== 'queued';
  const whole = Math.max(total ?? 0, done, 1);
  return (
    <div
      className={styles['bar']}
      role="progressbar"
      aria-label={name}
      aria-valuetext={`${share === undefined ? '' : `${percent(share, total)}, `}${amount(task)}`}
      {...(share === undefined ? {} : { 'aria-valuemin': 0, 'aria-valuemax': 100, 'aria-valuenow': Math.floor(share) })}
      data-open={open}
      data-still={status !== 'running' || task.stalled}
      data-thick={thick}
      style={{ '--share': `${share ?? 100}%` } as CSSProperties}
    >
      {!open &&
        partsOf(task).map(([tone, many]) => (
          <span key={tone} data-tone={tone} style={{ width: `${Math.min(100, (many / whole) * 100)}%` }} />
        ))}
    </div>
  );
}

function partsOf({ counts, done, status }: TaskState): readonly (readonly [Tone, number])[] {
  const byTone = new Map<Tone, number>(ORDER.map((tone) => [tone, 0]));
  const rest = RESTS[status];
  let left = done;
  for (const [outcome, many] of Object.entries(counts)) {
    const tone = toneOf(outcome);
    const shown = tone === 'busy' ? 'calm' : tone;
    byTone.set(shown, (byTone.get(shown) ?? 0) + many);
    left -= many;
  }
  byTone.set(rest, (byTone.get(rest) ?? 0) + Math.max(0, left));
  return [...byTone];
}

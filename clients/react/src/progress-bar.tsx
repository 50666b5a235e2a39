import type { CSSProperties, ReactElement } from 'react';

import { classes } from './classes.js';
import type { TaskState } from './task-state.js';
import { amount, percent, toneOf } from './words.js';
import type { Tone } from './words.js';

/** In this order, so that the bar does not change its order as it grows. */
const ORDER: readonly Tone[] = ['good', 'calm', 'warn', 'bad'];

/** What has no outcome has the colour of the task itself. */
const RESTS: Readonly<Record<TaskState['status'], Tone>> = {
  queued: 'calm',
  running: 'busy',
  paused: 'busy',
  interrupted: 'busy',
  completed: 'good',
  failed: 'calm',
  cancelled: 'calm',
};

export interface ProgressBarProps {
  readonly task: TaskState;
  readonly className?: string | undefined;
}

/**
 * How far a task is, by outcome. Without a total it moves, and claims nothing. A stylesheet finds `data-open` (the total
 * is unknown), `data-status`, `data-stalled`, and `--headway-share`, the width of what is done.
 */
export function ProgressBar({ task, className }: ProgressBarProps): ReactElement {
  const { total, percent: share, ended, status, name } = task;
  const open = share === undefined && !ended;
  return (
    <div
      className={classes('headway-bar', className)}
      role="progressbar"
      aria-label={name}
      aria-valuetext={`${share === undefined ? '' : `${percent(share, total)}, `}${amount(task)}`}
      {...(share === undefined ? {} : { 'aria-valuemin': 0, 'aria-valuemax': 100, 'aria-valuenow': Math.floor(share) })}
      data-open={open}
      data-status={status}
      data-stalled={task.stalled}
      style={{ '--headway-share': `${share ?? 100}%` } as CSSProperties}
    >
      {!open &&
        partsOf(task).map(([tone, part]) => (
          <span key={tone} className="headway-bar-part" data-tone={tone} style={{ width: `${part}%` }} />
        ))}
    </div>
  );
}

/** The share of each tone in percent, also where it is none: a part that begins to grow is there already. */
function partsOf({ counts, done, total, status }: TaskState): readonly (readonly [Tone, number])[] {
  const whole = Math.max(total ?? 0, done, 1);
  const rest = RESTS[status];
  const many = new Map<Tone, number>(ORDER.map((tone) => [tone, 0]));
  const add = (tone: Tone, count: number): void => void many.set(tone, (many.get(tone) ?? 0) + count);
  let left = done;
  for (const [outcome, count] of Object.entries(counts)) {
    const tone = toneOf(outcome);
    add(tone === 'busy' ? 'calm' : tone, count);
    left -= count;
  }
  add(rest, Math.max(0, left));
  return [...many].map(([tone, count]) => [tone, Math.min(100, (count / whole) * 100)]);
}

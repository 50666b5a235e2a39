'use client';
import { useEffect, useState } from 'react';
import type { ReactElement } from 'react';

import { classes } from './classes.js';
import { Glyph } from './glyph.js';
import { ProgressBar } from './progress-bar.js';
import type { TaskAction, TaskState } from './task-state.js';
import { useTask, useTaskActions } from './task.js';
import type { TaskActions } from './task.js';
import { actionOf, amount, count, duration, percent, rate, standing, timeOf, toneOf } from './words.js';
import type { HeadwayError, Status } from 'headway-client';

interface Look {
  readonly className?: string | undefined;
  /** Whether there are buttons to pause, resume and cancel (true). */
  readonly actions?: boolean | undefined;
  /** Whether the parts of the task are listed (true). */
  readonly parts?: boolean | undefined;
}

export interface TaskProgressById extends Look {
  /** The task to watch. */
  readonly id: string;
  /** Its channel, where it is not `task:` and its id. */
  readonly channel?: string | undefined;
  readonly task?: undefined;
}

export interface TaskProgressOf extends Look {
  /** A task that is watched already, as one of `useTasks`. */
  readonly task: TaskState;
  readonly id?: undefined;
}

export type TaskProgressProps = TaskProgressById | TaskProgressOf;

/** How far a task is: a bar, its numbers, what it does now, and what may be asked of it. */
export function TaskProgress(props: TaskProgressProps): ReactElement {
  return props.task === undefined ? <Watched {...props} /> : <Given {...props} />;
}

function Watched({ id, channel, task: _none, ...look }: TaskProgressById): ReactElement {
  const { task, children, status, error, ...ask } = useTask(id, { channel, keep: 0 });
  return task === undefined ? (
    <Unknown status={status} error={error} className={look.className} />
  ) : (
    <Card task={task} children={children} status={status} ask={ask} {...look} />
  );
}

function Given({ task, ...look }: TaskProgressOf): ReactElement {
  return <Card task={task} children={[]} status="live" ask={useTaskActions(task.task, task)} {...look} />;
}

interface CardProps extends Look {
  readonly task: TaskState;
  readonly children: readonly TaskState[];
  readonly status: Status;
  readonly ask: TaskActions;
}

/** Parts that are listed; what goes on comes first. */
const MOST_PARTS = 8;

function Card({ task, children, status, ask, className, actions = true, parts = true }: CardProps): ReactElement {
  const [word, tone] = standing(task, ask.asking);
  const live = status === 'live';
  return (
    <div
      role="group"
      className={classes('headway headway-task', className)}
      aria-label={task.name}
      data-status={task.status}
      data-tone={tone}
      data-live={live}
    >
      <div className="headway-task-head">
        <span className="headway-task-name" title={task.name}>
          {task.name}
        </span>
        <span className="headway-badge" data-tone={tone} role="status">
          <Glyph tone={tone} />
          {word}
        </span>
      </div>
      <div className="headway-task-bar">
        <ProgressBar task={task} />
        <span className="headway-percent">{task.percent === undefined ? '' : percent(task.percent, task.total)}</span>
      </div>
      <div className="headway-task-numbers">
        <span className="headway-amount">{amount(task)}</span>
        <Pace task={task} live={live} />
      </div>
      <ul className="headway-counts" aria-label="By outcome">
        {Object.entries(task.counts).map(([outcome, many]) => (
          <li key={outcome} data-tone={toneOf(outcome)}>
            <span className="headway-count">{count(many)}</span> {outcome}
          </li>
        ))}
      </ul>
      <p className="headway-task-now" data-tone={task.error === undefined ? undefined : 'bad'} title={now(task)}>
        {now(task)}
      </p>
      {parts && children.length > 0 && <Parts parts={children} />}
      <div className="headway-task-foot">
        {actions && !task.ended && <Buttons task={task} ask={ask} />}
        <span className="headway-task-note">{note(task)}</span>
      </div>
      {ask.refusal !== undefined && (
        <p className="headway-refusal" role="alert">
          <span>{refused(ask.refusal.action, ask.refusal.error)}</span>
          <button type="button" className="headway-dismiss" aria-label="Dismiss" onClick={ask.forgive}>
            <span aria-hidden="true">×</span>
          </button>
        </p>
      )}
    </div>
  );
}

function Unknown(props: { status: Status; error: HeadwayError | undefined; className: string | undefined }): ReactElement {
  const { status, error, className } = props;
  const told =
    error !== undefined
      ? `This task cannot be watched: ${error.message}`
      : status === 'live'
        ? 'Nothing has been told of this task yet'
        : 'Connecting…';
  return (
    <div role="group" className={classes('headway headway-task', className)} data-status="unknown" aria-label="Task">
      <p className="headway-task-empty" role={error === undefined ? 'status' : 'alert'}>
        {told}
      </p>
    </div>
  );
}

/** How fast, and how long still. Between two updates time goes on, but only as long as somebody would tell. */
function Pace({ task, live }: { readonly task: TaskState; readonly live: boolean }): ReactElement {
  const running = task.status === 'running' && live;
  const since = useSecondsSince(task.position, running);
  const left = task.eta === undefined ? undefined : Math.max(0, task.eta - since);
  if (!live && !task.ended) {
    // In the place of what would not be true any more, so that nothing moves.
    return <span className="headway-pace headway-stale">Not live: as of {timeOf(task.timestamp)}</span>;
  }
  if (task.status !== 'running') {
    const worked = duration(task.elapsed);
    return <span className="headway-pace">{task.elapsed > 0 && (task.ended ? `took ${worked}` : `${worked} so far`)}</span>;
  }
  return (
    <span className="headway-pace">
      {task.rate !== undefined && <span className="headway-rate">{rate(task.rate, task.unit)}</span>}{' '}
      <span className="headway-eta">
        {left !== undefined && !task.stalled
          ? left < 1
            ? 'almost done'
            : `${duration(left)} left`
          : `${duration(task.elapsed + since)} so far`}
      </span>
    </span>
  );
}

function useSecondsSince(mark: string, active: boolean): number {
  const [passed, setPassed] = useState({ mark, seconds: 0 });
  useEffect(() => {
    if (!active) {
      return undefined;
    }
    const began = performance.now();
    const timer = setInterval(() => setPassed({ mark, seconds: Math.round((performance.now() - began) / 1_000) }), 1_000);
    return () => clearInterval(timer);
  }, [mark, active]);
  return passed.mark === mark && active ? passed.seconds : 0;
}

function Parts({ parts }: { readonly parts: readonly TaskState[] }): ReactElement {
  const first = [...parts].sort((one, other) => Number(one.ended) - Number(other.ended)).slice(0, MOST_PARTS);
  return (
    <ul className="headway-parts" aria-label="Parts">
      {first.map((part) => (
        <li key={part.task} className="headway-part">
          <span className="headway-part-name" title={part.name}>
            {part.name}
          </span>
          <ProgressBar task={part} />
          <span className="headway-percent">
            {part.percent === undefined ? count(part.done) : percent(part.percent, part.total)}
          </span>
        </li>
      ))}
      {parts.length > first.length && <li className="headway-more">and {count(parts.length - first.length)} more</li>}
    </ul>
  );
}

const LABELS: Readonly<Record<TaskAction, readonly [string, string]>> = {
  pause: ['Pause', 'Pausing…'],
  resume: ['Resume', 'Resuming…'],
  cancel: ['Cancel', 'Cancelling…'],
};

/** Two places that stay: one to pause or resume, one to cancel. What would be refused now cannot be pressed. */
function Buttons({ task, ask }: { readonly task: TaskState; readonly ask: TaskActions }): ReactElement {
  const wanted = ask.asking ?? actionOf(task.wanted);
  const resumes = task.status === 'paused' || task.status === 'interrupted' || task.allowed.includes('resume');
  const first: TaskAction = wanted === 'pause' || wanted === 'resume' ? wanted : resumes ? 'resume' : 'pause';
  return (
    <span className="headway-buttons">
      {([first, 'cancel'] as const).map((action) => (
        <ActionButton
          key={action === 'cancel' ? 'cancel' : 'hold'}
          action={action}
          asked={wanted === action}
          allowed={ask.asking === undefined && wanted !== action && task.allowed.includes(action)}
          press={ask[action]}
        />
      ))}
    </span>
  );
}

function ActionButton(props: {
  readonly action: TaskAction;
  readonly asked: boolean;
  readonly allowed: boolean;
  readonly press: () => Promise<boolean>;
}): ReactElement {
  const { action, asked, allowed, press } = props;
  return (
    // Not `disabled`: whoever pressed it with the keyboard would be thrown back to the top of the page.
    <button
      type="button"
      className="headway-button"
      data-action={action}
      aria-disabled={!allowed}
      aria-busy={asked}
      onClick={() => allowed && void press()}
    >
      {LABELS[action][asked ? 1 : 0]}
    </button>
  );
}

function now(task: TaskState): string {
  if (task.error !== undefined) {
    return task.error.message;
  }
  switch (task.status) {
    case 'queued':
      return task.waiting === undefined ? 'Waits for its turn' : `Waits ${task.waiting}`;
    case 'interrupted':
      return 'Whoever worked on it is gone; it goes on when it is taken up again';
    case 'running':
    case 'paused':
      return task.current ?? '';
    case 'completed': {
      const bad = Object.entries(task.counts).filter(([outcome, many]) => many > 0 && toneOf(outcome) === 'bad');
      return bad.length === 0 ? 'Done' : `Done, but ${bad.map(([outcome, many]) => `${count(many)} ${outcome}`).join(', ')}`;
    }
    case 'failed':
      return 'It failed without saying why';
    case 'cancelled':
      return 'Stopped before its end';
  }
}

function note(task: TaskState): string {
  if (task.ended && task.endedAt !== undefined) {
    return `Ended at ${timeOf(task.endedAt)}`;
  }
  return task.attempt > 1 ? `Attempt ${count(task.attempt)}` : '';
}

const REFUSED: Readonly<Record<TaskAction, string>> = {
  pause: 'Not paused',
  resume: 'Not resumed',
  cancel: 'Not cancelled',
};

function refused(action: TaskAction, error: HeadwayError): string {
  return `${REFUSED[action]}: ${error.message}`;
}

'use client';
import type { Event } from 'headway-client';
import type { ReactElement, ReactNode } from 'react';

import { useView } from './channel.js';
import { classes } from './classes.js';
import { Glyph } from './glyph.js';
import { stateOf } from './task-state.js';
import { count, sentence, span, timeOf, toneOf } from './words.js';
import type { Tone } from './words.js';

/** An event as a line of the feed. */
export interface Activity {
  readonly title: string;
  readonly tone: Tone;
  /** What sort of thing it was: "Health check", "Login test", "Task". */
  readonly kind?: string | undefined;
  readonly detail?: string | undefined;
  /** How long it took, in milliseconds. */
  readonly took?: number | undefined;
}

export interface ActivityFeedProps {
  readonly channel: string;
  readonly className?: string | undefined;
  /** Lines (20). */
  readonly keep?: number | undefined;
  /** Begin with what the newest so many offsets hold (200). 0: with what happens from now on. */
  readonly last?: number | undefined;
  readonly label?: string | undefined;
  /** Shown where nothing has happened. */
  readonly empty?: ReactNode;
  /** An event as a line; undefined leaves it out. */
  readonly describe?: ((event: Event) => Activity | undefined) | undefined;
}

const KEEP = 20;
/** Enough to find twenty milestones among the progress. */
const LAST = 200;

/** What happened lately, the newest first. Not a live region: it would never stop talking. */
export function ActivityFeed(props: ActivityFeedProps): ReactElement {
  const { channel, className, keep = KEEP, last = LAST, label = 'Activity', empty = 'Nothing has happened yet' } = props;
  const { describe = describeEvent } = props;
  const { events, error } = useView(
    channel,
    { keep, types: undefined, milestones: true, state: false },
    undefined,
    last,
  );
  const lines = events.flatMap((event) => {
    const activity = describe(event);
    return activity === undefined ? [] : [{ event, activity }];
  });
  return (
    <div className={classes('headway headway-feed', className)}>
      {error !== undefined && (
        <p className="headway-feed-empty" role="alert">
          Cannot be watched: {error.message}
        </p>
      )}
      {error === undefined && lines.length === 0 && <p className="headway-feed-empty">{empty}</p>}
      <ol className="headway-feed-list" aria-label={label}>
        {lines.reverse().map(({ event, activity }) => (
          <Line key={event.position} timestamp={event.timestamp} {...activity} />
        ))}
      </ol>
    </div>
  );
}

function Line({ timestamp, title, tone, kind, detail, took }: Activity & { readonly timestamp: string }): ReactElement {
  return (
    <li className="headway-line" data-tone={tone}>
      <Glyph tone={tone} />
      <span className="headway-line-text">
        <span className="headway-line-title">{title}</span>{' '}
        {detail !== undefined && <span className="headway-line-detail">{detail}</span>}
      </span>
      {kind !== undefined && <span className="headway-kind">{kind}</span>}
      <span className="headway-line-when">
        {took !== undefined && <span className="headway-took">{span(took)}</span>}{' '}
        <time dateTime={timestamp}>{timeOf(timestamp)}</time>
      </span>
    </li>
  );
}

/** What an event says, as far as its type and the usual fields tell. */
export function describeEvent(event: Event): Activity | undefined {
  if (event.type === 'task_item' || event.type === 'task_log') {
    return describeStep(event);
  }
  const task = event.type === 'task_requested' ? undefined : stateOf(event);
  if (task !== undefined) {
    const failed = Object.entries(task.counts).filter(([outcome, many]) => toneOf(outcome) === 'bad' && many > 0);
    const bad = failed.map(([outcome, many]) => `${count(many)} ${outcome}`);
    const detail = task.error?.message ?? (task.ended && bad.length > 0 ? bad.join(', ') : undefined);
    const word = event.type.replace(/^task_/, '');
    const took = task.ended && task.elapsed > 0 ? task.elapsed * 1_000 : undefined;
    return { title: `${task.name} ${word}`, tone: toneOf(word), kind: 'Task', detail, took };
  }
  if (event.type === 'task_requested') {
    const by = text(event['by']);
    const title = `${text(event['name']) ?? 'Task'}: ${text(event['action']) ?? 'something'} asked for`;
    return { title, tone: 'calm', kind: 'Task', detail: by === undefined ? undefined : `by ${by}` };
  }
  const message = text(event['message']);
  if (event.type === 'notification' && message !== undefined) {
    return { title: message, tone: toneOf(text(event['level'] ?? event['severity']) ?? 'info'), kind: 'Notification' };
  }
  const subject = text(event['applicationName'] ?? event['application'] ?? event['name'] ?? event['applicationId']);
  const what = sentence(event.type);
  const kind = text(event['testType'] ?? event['kind'] ?? event['category']);
  return {
    title: subject === undefined ? what : `${subject}: ${what.toLowerCase()}`,
    tone: toneOf(text(event['outcome'] ?? event['status'] ?? event['severity'] ?? event['level']) ?? event.type),
    kind: kind === undefined ? undefined : sentence(kind),
    detail: message ?? text(event['error'] ?? event['detail']),
    took: milliseconds(event['duration'] ?? event['duration_ms']),
  };
}

function describeStep(event: Event): Activity {
  const message = text(event['message']);
  if (event.type === 'task_log') {
    const level = text(event['level']) ?? 'info';
    return { title: message ?? '', tone: level === 'info' || level === 'debug' ? 'calm' : toneOf(level), kind: 'Log' };
  }
  const outcome = text(event['outcome']) ?? 'done';
  return { title: `${text(event['item']) ?? 'Item'}: ${outcome}`, tone: toneOf(outcome), kind: 'Item', detail: message };
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function milliseconds(value: unknown): number | undefined {
  return typeof value === 'number' && value >= 0 ? value : undefined;
}

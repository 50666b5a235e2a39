/**
 * A run as it happened: what is known of it at any moment, computed from its events.
 *
 * Each state event carries the whole state, so the state at a moment is the last such event before it, of the task and of
 * each of its parts. Nothing is interpolated: what is shown was told.
 *
 * What is kept is bounded. Of many states every second one is let go of, again and again, so that a long run becomes
 * coarser and never larger; milestones stay.
 */
import type { Event } from 'headway-client';
import { stateOf } from 'headway-react';
import type { TaskItem, TaskLog, TaskState, Tone } from 'headway-react';
import { sentence, toneOf } from 'headway-react/words';

/** States that are kept of each part: more than the scrubber has pixels. */
const MOST_STATES = 4_000;
/** Items and lines: more than anybody reads, and some ten megabytes at the most. */
const MOST_LINES = 20_000;

export interface Mark {
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly label: string;
  readonly tone: Tone;
  readonly offset: number;
}

export interface Moment {
  readonly task: TaskState | undefined;
  readonly children: readonly TaskState[];
}

interface Told<T> {
  readonly time: number;
  readonly offset: number;
  readonly what: T;
}

export class Timeline {
  readonly id: string;
  readonly marks: Mark[] = [];
  readonly #states = new Map<string, Told<Event>[]>();
  readonly #items: Told<TaskItem>[] = [];
  readonly #lines: Told<TaskLog>[] = [];
  /** Of the newest event that was added. */
  last = 0;
  start = Infinity;
  end = -Infinity;

  constructor(id: string) {
    this.id = id;
  }

  /** Add what follows; what is known already is left out. */
  add(event: Event): void {
    if (event.offset <= this.last) {
      return;
    }
    this.last = event.offset;
    const time = Date.parse(event.timestamp);
    this.start = Math.min(this.start, time);
    this.end = Math.max(this.end, time);
    const { offset } = event;
    if (event.type === 'task_item') {
      push(this.#items, { time, offset, what: event as TaskItem });
    } else if (event.type === 'task_log') {
      push(this.#lines, { time, offset, what: event as TaskLog });
    } else if (event.type === 'task_progress') {
      this.#state(event, time);
    } else if (event.type.startsWith('task_') && event['task'] === this.id) {
      this.#state(event, time);
      this.marks.push({ time, offset, ...labelOf(event) });
    }
  }

  /** What was known at a moment. */
  at(time: number): Moment {
    const shown: TaskState[] = [];
    for (const states of this.#states.values()) {
      const count = upTo(states, time);
      const told = states[count - 1];
      const state = told === undefined ? undefined : stateOf(told.what);
      if (state !== undefined) {
        shown.push(state);
      }
    }
    return {
      task: shown.find((state) => state.task === this.id),
      children: shown.filter((state) => state.task !== this.id && state.parent !== undefined),
    };
  }

  /** What was told one by one until a moment; without one, all of it. The newest last. */
  items(time = Infinity): readonly TaskItem[] {
    return this.#items.slice(0, upTo(this.#items, time)).map(({ what }) => what);
  }

  /** As `items`. */
  lines(time = Infinity): readonly TaskLog[] {
    return this.#lines.slice(0, upTo(this.#lines, time)).map(({ what }) => what);
  }

  /** How far it was over time, for a curve: 1 is the furthest it came, so that a run that has just begun has a shape. */
  curve(): readonly (readonly [time: number, share: number])[] {
    const told = this.#states.get(this.id) ?? [];
    const states = told.flatMap(({ time, what }) => {
      const state = stateOf(what);
      return state === undefined ? [] : [[time, state] as const];
    });
    // Not by spreading: there may be thousands.
    const most = states.reduce((so, [, { done }]) => Math.max(so, done), 1);
    return states.map(([time, { done }]) => [time, done / most]);
  }

  #state(event: Event, time: number): void {
    const task = event['task'];
    if (typeof task === 'string') {
      const states = this.#states.get(task) ?? [];
      this.#states.set(task, states);
      states.push({ time, offset: event.offset, what: event });
      if (states.length > MOST_STATES) {
        const kept = states.filter(({ what }, index) => index % 2 === 0 || what.key === undefined);
        states.splice(0, states.length, ...kept);
      }
    }
  }
}

function push<T>(list: Told<T>[], told: Told<T>): void {
  list.push(told);
  // Now and then: to shift for each would be to copy for each.
  if (list.length > MOST_LINES * 1.25) {
    list.splice(0, list.length - MOST_LINES);
  }
}

/** How many of them were told until then. */
function upTo(list: readonly Told<unknown>[], time: number): number {
  if (time === Infinity) {
    return list.length;
  }
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((list[middle]?.time ?? Infinity) <= time) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

function labelOf(event: Event): { readonly label: string; readonly tone: Tone } {
  if (event.type === 'task_requested') {
    const by = typeof event['by'] === 'string' ? ` by ${event['by']}` : '';
    return { label: `${sentence(String(event['action']))} asked for${by}`, tone: 'calm' };
  }
  const what = event.type.replace(/^task_/, '');
  return { label: sentence(what), tone: toneOf(what) };
}

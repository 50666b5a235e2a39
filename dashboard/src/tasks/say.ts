/** A task in sentences. */
import type { TaskState } from 'headway-react';
import { count, toneOf } from 'headway-react/words';

/** What it does now, or why it does nothing. */
export function nowOf(task: TaskState): string {
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
      return bad.length === 0 ? '' : bad.map(([outcome, many]) => `${count(many)} ${outcome}`).join(', ');
    }
    case 'failed':
      return 'It failed without saying why';
    case 'cancelled':
      return 'Stopped before its end';
  }
}

/** When it was, for people: the time of day, with the day where that is another one. */
export function whenOf(timestamp: string): string {
  const date = new Date(timestamp);
  if (Number.isNaN(date.getTime())) {
    return '';
  }
  const time = date.toLocaleTimeString('en-GB');
  const today = date.toDateString() === new Date().toDateString();
  return today ? time : `${date.toLocaleDateString('en-GB', { day: 'numeric', month: 'short' })}, ${time}`;
}

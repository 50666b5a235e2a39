/** Numbers and states as people read them. In English and one locale, so that a server renders what the browser does. */
import type { TaskAction, TaskState, TaskStatus } from './task-state.js';

/** How something is: the colours of the stylesheet have these names. */
export type Tone = 'good' | 'busy' | 'warn' | 'bad' | 'calm';

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const tenths = new Intl.NumberFormat('en', { minimumFractionDigits: 1, maximumFractionDigits: 1 });

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** 1,234 */
export function count(value: number): string {
  return whole.format(value);
}

/** 46 s, 1 min 20 s, 2 h 05 min, 3 d 4 h */
export function duration(seconds: number): string {
  const rounded = Math.round(seconds);
  if (rounded < MINUTE) {
    return `${rounded} s`;
  }
  if (rounded < HOUR) {
    return `${Math.floor(rounded / MINUTE)} min ${padded(rounded % MINUTE)} s`;
  }
  if (rounded < DAY) {
    return `${Math.floor(rounded / HOUR)} h ${padded(Math.floor((rounded % HOUR) / MINUTE))} min`;
  }
  return `${Math.floor(rounded / DAY)} d ${Math.floor((rounded % DAY) / HOUR)} h`;
}

/** 340 ms, 2.4 s, and then as above. */
export function span(milliseconds: number): string {
  if (milliseconds < 1_000) {
    return `${Math.round(milliseconds)} ms`;
  }
  return milliseconds < 10_000 ? `${tenths.format(milliseconds / 1_000)} s` : duration(milliseconds / 1_000);
}

/** 12.5 rows/s, 3 rows/min: in the unit of time that leaves something to read. */
export function rate(perSecond: number, unit: string | undefined): string {
  const [value, time] = perSecond >= 1 || perSecond === 0 ? [perSecond, 's'] : perSecond * MINUTE >= 1 ? [perSecond * MINUTE, 'min'] : [perSecond * HOUR, 'h'];
  return `${value < 100 ? tenths.format(value) : whole.format(value)}${unit === undefined ? '' : ` ${unit}`}/${time}`;
}

/** 42%, and of many 42.1%. Never 100% before the end. */
export function percent(value: number, total: number | undefined): string {
  const fine = total !== undefined && total >= 1_000;
  const down = fine ? Math.floor(value * 10) / 10 : Math.floor(value);
  return `${fine && down < 100 ? tenths.format(down) : whole.format(down)}%`;
}

/** 420 of 1,000 rows */
export function amount({ done, total, unit }: TaskState): string {
  const many = total === undefined ? count(done) : `${count(done)} of ${count(total)}`;
  return unit === undefined ? many : `${many} ${unit}`;
}

/** The time of day, where the page is. */
export function timeOf(timestamp: string): string {
  const date = new Date(timestamp);
  return Number.isNaN(date.getTime()) ? '' : [date.getHours(), date.getMinutes(), date.getSeconds()].map(padded).join(':');
}

/** testRunStarted, test_run_started: Test run started */
export function sentence(type: string): string {
  const words = type
    .replace(/([a-z\d])([A-Z])/g, '$1 $2')
    .replace(/[_.:-]+/g, ' ')
    .trim()
    .toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

const STATUS_WORDS: Readonly<Record<TaskStatus, readonly [string, Tone]>> = {
  queued: ['Queued', 'calm'],
  running: ['Running', 'busy'],
  paused: ['Paused', 'warn'],
  interrupted: ['Interrupted', 'warn'],
  completed: ['Completed', 'good'],
  failed: ['Failed', 'bad'],
  cancelled: ['Cancelled', 'warn'],
};
const ASKING: Readonly<Record<TaskAction, string>> = {
  pause: 'Pausing…',
  resume: 'Resuming…',
  cancel: 'Cancelling…',
};

/** The action whose outcome is wanted: `paused` is what pausing leads to. */
export function actionOf(wanted: string | undefined): TaskAction | undefined {
  switch (wanted) {
    case undefined:
      return undefined;
    case 'pause':
    case 'paused':
      return 'pause';
    case 'cancel':
    case 'cancelled':
      return 'cancel';
    default:
      return 'resume';
  }
}

/** How a task stands, in a word. What was asked for and has not happened is said as such. */
export function standing(task: TaskState, asking: TaskAction | undefined): readonly [string, Tone] {
  const wanted = task.ended ? undefined : (asking ?? actionOf(task.wanted));
  if (wanted !== undefined) {
    return [ASKING[wanted], 'warn'];
  }
  return task.status === 'running' && task.stalled ? ['Stalled', 'warn'] : STATUS_WORDS[task.status];
}

const TONES: readonly (readonly [Tone, RegExp])[] = [
  ['bad', /fail|error|critical|fatal|crash|timeout|timed|reject|invalid|unreachable|^down$|lost|fault/],
  ['warn', /warn|skip|cancel|paus|degrad|stall|interrupt|retry|conflict|alert|stopped|slow/],
  ['good', /complet|success|succe|pass|^ok$|creat|updat|done|health|^up$|resum|import|finish|recover|found/],
  ['busy', /start|run|progress|queue|request|begin|load|captur/],
  // Whatever else was done to something: sent, written, exported.
  ['good', /ed$|^sent$|^written$/],
];

/** The tone of an outcome, a status or a type that somebody made up. */
export function toneOf(word: string): Tone {
  const lower = word.toLowerCase();
  return TONES.find(([, pattern]) => pattern.test(lower))?.[0] ?? 'calm';
}

function padded(value: number): string {
  return String(value).padStart(2, '0');
}

/** The monitor in words. */
import { HeadwayError } from 'headway-client';
import type { Tone } from 'headway-react';
import { count, duration, span } from 'headway-react/words';

import type { Kind, Moment, SlaStatus, Status, Window } from './wire.js';

const STATUS_WORDS: Readonly<Record<Status, readonly [string, Tone]>> = {
  healthy: ['Healthy', 'good'],
  warning: ['Warning', 'warn'],
  error: ['Error', 'bad'],
  unconfigured: ['Unconfigured', 'calm'],
  unknown: ['Unknown', 'calm'],
  maintenance: ['Maintenance', 'busy'],
  paused: ['Paused', 'calm'],
};

/** How an application stands, and its tone. */
export function statusWords(status: string): readonly [string, Tone] {
  return STATUS_WORDS[status as Status] ?? [status, 'calm'];
}

const SLA_WORDS: Readonly<Record<SlaStatus, readonly [string, Tone]>> = {
  met: ['Met', 'good'],
  warning: ['At risk', 'warn'],
  breach: ['Breached', 'bad'],
  unknown: ['Too early', 'calm'],
};

/** How a service level stands, and its tone. */
export function slaWords(status: string | null | undefined): readonly [string, Tone] {
  return SLA_WORDS[(status ?? 'unknown') as SlaStatus] ?? SLA_WORDS.unknown;
}

const KIND_WORDS: Readonly<Record<Kind, string>> = { health_check: 'Health check', login_test: 'Login test' };

export function kindWords(kind: string): string {
  return KIND_WORDS[kind as Kind] ?? (kind === 'combined' ? 'Both' : kind);
}

const RESULT_WORDS: Readonly<Record<string, readonly [string, Tone]>> = {
  passed: ['Passed', 'good'],
  failed: ['Failed', 'bad'],
  timeout: ['Timed out', 'bad'],
  skipped: ['Skipped', 'warn'],
  interrupted: ['Interrupted', 'warn'],
  running: ['Running', 'busy'],
};

export function resultWords(status: string): readonly [string, Tone] {
  return RESULT_WORDS[status] ?? [status, 'calm'];
}

const RUN_WORDS: Readonly<Record<string, readonly [string, Tone]>> = {
  pending: ['Queued', 'calm'],
  queued: ['Queued', 'calm'],
  running: ['Running', 'busy'],
  paused: ['Paused', 'warn'],
  interrupted: ['Interrupted', 'warn'],
  completed: ['Completed', 'good'],
  failed: ['Failed', 'bad'],
  cancelled: ['Cancelled', 'warn'],
};

export function runWords(status: string): readonly [string, Tone] {
  return RUN_WORDS[status] ?? [status, 'calm'];
}

const TRIGGER_WORDS: Readonly<Record<string, string>> = { manual: 'by hand', scheduled: 'by schedule', webhook: 'after a deployment', ci_cd: 'from CI' };

export function triggerWords(trigger: string | null | undefined): string {
  return trigger == null ? '' : (TRIGGER_WORDS[trigger] ?? trigger);
}

/** What an error code means, for who meets it the first time. */
const CODES: Readonly<Record<string, string>> = {
  TIMEOUT: 'It took longer than it may.',
  NAVIGATION_FAILED: 'The page did not load.',
  ELEMENT_NOT_FOUND: 'Something that a step names is not on the page.',
  ASSERTION_FAILED: 'The page after the login is not the expected one.',
  NETWORK_ERROR: 'The application was not reached.',
  BROWSER_CRASHED: 'The browser ended in the middle.',
  AUTHENTICATION_FAILED: 'Name or password was not taken.',
  VALIDATION_FAILED: 'The answer is not the expected one.',
};

export function codeWords(code: string): string {
  return CODES[code] ?? '';
}

/** 23 passed, 2 failed */
export function summaryWords({ passed, failed, skipped }: { readonly passed: number; readonly failed: number; readonly skipped: number }): string {
  const parts = [`${count(passed)} passed`, `${count(failed)} failed`, ...(skipped > 0 ? [`${count(skipped)} skipped`] : [])];
  return parts.join(', ');
}

/** Of a share in percent: 99.95 %; never 100 where something is missing. */
export function percentWords(value: number | null | undefined): string {
  if (value === null || value === undefined) {
    return '–';
  }
  const digits = value === 100 || value === 0 ? 0 : 2;
  const down = Math.floor(value * 10 ** digits) / 10 ** digits;
  return `${down.toFixed(digits)} %`;
}

/** Of an interval, in seconds: 30 s, 1 min, 5 min, 1 h. */
export function everyWords(seconds: number): string {
  const found = [
    [DAY, 'd'],
    [HOUR, 'h'],
    [MINUTE, 'min'],
  ].find(([unit]) => seconds % Number(unit) === 0);
  return found === undefined ? duration(seconds) : `${seconds / Number(found[0])} ${found[1]}`;
}

/** Milliseconds, or a dash. */
export function took(milliseconds: number | null | undefined): string {
  return milliseconds === null || milliseconds === undefined ? '–' : span(milliseconds);
}

/** Milliseconds since 1970; NaN for what is no moment. */
export function millisecondsOf(moment: Moment): number {
  return typeof moment === 'number' ? moment * 1_000 : typeof moment === 'string' ? Date.parse(moment) : NaN;
}

/** 21 Nov, 14:05 */
export function dateOf(moment: Moment): string {
  const date = new Date(millisecondsOf(moment));
  if (Number.isNaN(date.getTime())) {
    return '–';
  }
  const year = date.getFullYear() === new Date().getFullYear() ? '' : ` ${date.getFullYear()}`;
  return `${date.getDate()} ${date.toLocaleDateString('en', { month: 'short' })}${year}, ${clockOf(moment)}`;
}

/** 14:05 */
export function clockOf(moment: Moment): string {
  const date = new Date(millisecondsOf(moment));
  return Number.isNaN(date.getTime()) ? '–' : `${String(date.getHours()).padStart(2, '0')}:${String(date.getMinutes()).padStart(2, '0')}`;
}

const MINUTE = 60;
const HOUR = 3_600;
const DAY = 86_400;

/** just now, 5 min ago, 3 h ago, 2 d ago */
export function ago(moment: Moment, now: number): string {
  const seconds = (now - millisecondsOf(moment)) / 1_000;
  if (Number.isNaN(seconds)) {
    return 'never';
  }
  if (seconds < MINUTE) {
    return 'just now';
  }
  const [value, unit] = seconds < HOUR ? [seconds / MINUTE, 'min'] : seconds < DAY ? [seconds / HOUR, 'h'] : [seconds / DAY, 'd'];
  return `${Math.floor(value)} ${unit} ago`;
}

/** 1 application, 12 applications */
export function many(value: number, one: string, more = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : more}`;
}

const DAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'] as const;

/** A maintenance window, as a sentence. */
export function windowWords(window: Window): string {
  const zone = window.kind === 'once' ? '' : ` (${window.zone ?? 'UTC'})`;
  const title = window.title ? `${window.title}: ` : '';
  switch (window.kind) {
    case 'once':
      return `${title}${dateOf(window.begin)} to ${dateOf(window.end)}`;
    case 'weekly':
      return `${title}${window.days.map((day) => DAYS[day] ?? '?').join(', ')} at ${window.at} for ${everyWords(window.minutes * MINUTE)}${zone}`;
    case 'cron':
      return `${title}by ${window.line} for ${everyWords(window.minutes * MINUTE)}${zone}`;
  }
}

/** What an error says, as a sentence. */
export function saidBy(error: unknown): string {
  const text = error instanceof HeadwayError ? error.message : error instanceof Error ? error.message : String(error);
  return ended(text);
}

/** A capital letter at its beginning, where that is no name of a field, and a full stop. */
export function ended(text: string): string {
  const first = /^[\w.[\]]+:/.test(text) ? text.charAt(0) : text.charAt(0).toUpperCase();
  return text === '' ? '' : `${first}${text.slice(1)}${/[.!?…]$/.test(text) ? '' : '.'}`;
}

/** `task:7` and `7` are the same run. */
export function runOf(testRunId: string): string {
  return testRunId.replace(/^task:/, '');
}

/** The page of a run. */
export function runPath(testRunId: string): string {
  return `/monitor/runs/${encodeURIComponent(runOf(testRunId))}`;
}

/** The page of an application. */
export function applicationPath(id: string): string {
  return `/monitor/applications/${encodeURIComponent(id)}`;
}

/** Imports in words. */
import { HeadwayError } from 'headway-client';
import type { Tone } from 'headway-react';
import { count } from 'headway-react/words';

import type { Counts, Kind, Moment, Options, Policy, PopulationChoice } from './wire.js';

/** What each kind is called: as a heading, as what is done, as what was done. */
export const KIND_WORDS: Readonly<Record<Kind, { readonly title: string; readonly verb: string; readonly noun: string }>> = {
  import: { title: 'Import users', verb: 'Import', noun: 'import' },
  export: { title: 'Export users', verb: 'Export', noun: 'export' },
  modify: { title: 'Modify users', verb: 'Modify', noun: 'modification' },
  delete: { title: 'Delete users', verb: 'Delete', noun: 'deletion' },
};

export const POLICY_WORDS: Readonly<Record<Policy, string>> = {
  skip: 'leave them as they are, and count them as skipped',
  update: 'update them with what the file says',
  fail: 'count the row as failed',
};

/** What an error says, as a sentence. */
export function saidBy(error: unknown): string {
  const text = error instanceof HeadwayError ? error.message : error instanceof Error ? error.message : String(error);
  return ended(text);
}

/** A capital letter at its beginning, and a full stop. */
export function ended(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`;
}

/** 1 user, 1,234 users */
export function many(value: number, one: string, more = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : more}`;
}

/** Of seconds since 1970: 21 Nov, 14:05 */
export function dateOf(moment: Moment): string {
  const date = new Date(moment === null ? NaN : moment * 1_000);
  if (Number.isNaN(date.getTime())) {
    return '–';
  }
  const year = date.getFullYear() === new Date().getFullYear() ? '' : ` ${date.getFullYear()}`;
  const day = `${date.getDate()} ${date.toLocaleDateString('en', { month: 'short' })}${year}`;
  return `${day}, ${String(date.getHours()).padStart(2, '0')}:${String(date.getMinutes()).padStart(2, '0')}`;
}

/** 1.2 MB */
export function bytes(value: number): string {
  const units = ['B', 'kB', 'MB', 'GB'];
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, value)) / 3));
  const amount = value / 1_000 ** power;
  return `${power === 0 || amount >= 100 ? Math.round(amount) : amount.toFixed(1)} ${units[power]}`;
}

const TONES: Readonly<Record<string, Tone>> = { created: 'good', updated: 'good', deleted: 'good', exported: 'good', skipped: 'warn', failed: 'bad', not_attempted: 'calm' };
const OUTCOMES: Readonly<Record<string, string>> = { not_attempted: 'not attempted' };

/** The counts that are shown: all of an import; of others those that there are. In a dry run it is what would be. */
export function outcomesOf(counts: Counts, kind: Kind, dry: boolean): readonly { readonly name: string; readonly label: string; readonly many: number; readonly tone: Tone }[] {
  const always = kind === 'import' ? ['created', 'updated', 'skipped', 'failed'] : kind === 'export' ? ['failed'] : ['updated', 'skipped', 'failed'];
  const names = [...new Set([...Object.keys(counts), ...always])].filter((name) => always.includes(name) || (counts[name] ?? 0) > 0);
  return names
    .filter((name) => !(kind === 'delete' && name === 'updated' && (counts[name] ?? 0) === 0 && 'deleted' in counts))
    .map((name) => ({
      name,
      label: dry ? `would be ${OUTCOMES[name] ?? name}`.replace('would be failed', 'would fail') : (OUTCOMES[name] ?? name),
      many: counts[name] ?? 0,
      tone: (counts[name] ?? 0) === 0 ? 'calm' : (TONES[name] ?? 'calm'),
    }));
}

/** Users that a run changes, or would: what deletion and modification have to be confirmed with. */
export function changesOf(counts: Counts): number {
  return Object.entries(counts).reduce((sum, [name, value]) => sum + (['created', 'updated', 'deleted'].includes(name) ? value : 0), 0);
}

/** As it was chosen: the server says every field of it. */
export function choiceOf(said: Options['population'] | undefined): PopulationChoice {
  const { id, name, create } = (said ?? {}) as { readonly id?: string | null; readonly name?: string | null; readonly create?: boolean };
  if (id != null) {
    return { id };
  }
  return name == null ? null : { name, create: create === true };
}

/** What stands in the options for where users go. */
export function populationWords(said: PopulationChoice, known: ReadonlyMap<string, string>): string {
  const choice = choiceOf(said);
  if (choice === null) {
    return 'the default population of the environment';
  }
  return 'id' in choice ? (known.get(choice.id) ?? choice.id) : `${choice.name}${choice.create ? ', which is made where it is not there' : ''}`;
}

/** Whether two runs do the same, but for being dry and what they are called. */
export function sameWork(one: Options, other: Options): boolean {
  return workOf(one) === workOf(other);
}

/** Rate, name and confirmation change nothing of what is done; the server compares by the same. */
function workOf(options: Options): string {
  const { kind, target, file, mapping, filter } = options;
  const columns = Object.entries(mapping)
    .filter(([, attribute]) => attribute !== null)
    .sort(([one], [other]) => (one < other ? -1 : 1));
  return JSON.stringify([
    [kind, target, file ?? null, columns],
    [options.policy, options.create_missing, choiceOf(options.population), options.population_from, options.unknown_population],
    [options.force_change, options.format, filter?.population ?? null, filter?.enabled ?? null, filter?.scim ?? null],
  ]);
}

/** `population`, `population.id`, `populationId`, `population.name`, … */
export function isPopulation(attribute: string): boolean {
  return /^population/i.test(attribute);
}

interface Advice {
  readonly match: RegExp;
  readonly title: string;
  readonly todo: string;
}

const ADVICE: readonly Advice[] = [
  {
    match: /licen[sc]e/i,
    title: 'The licence is used up',
    todo: 'Make room: remove users that are not needed, or have the licence raised. Then resume: the rows that were not taken are tried again.',
  },
  {
    match: /permission|access|forbidden|403/i,
    title: 'The worker application may not do this',
    todo: 'Give it the role Identity Data Admin for this environment in PingOne, under Connections, Applications. Then resume: the same rows are tried again.',
  },
  {
    match: /token|client|unauthorized|401|credential|secret/i,
    title: 'PingOne does not take the credentials',
    todo: 'Look at the client id and the secret under Targets and test the connection. Then resume.',
  },
  { match: /415|media/i, title: 'PingOne does not know the kind of request', todo: 'This is a mistake of Headway or of a proxy on the way. Look at the log of the task, and report it.' },
  {
    match: /network|connect|unreach|timeout|5\d\d|unavailable/i,
    title: 'PingOne was not reached',
    todo: 'Look at the network and at the addresses under Targets, and whether PingOne has an incident. Then resume: nothing is done twice.',
  },
];

/** Why a run was stopped, and what is to be done about it. */
export function adviceFor(code: string, message: string): { readonly title: string; readonly todo: string } {
  const found = ADVICE.find(({ match }) => match.test(code)) ?? ADVICE.find(({ match }) => match.test(message));
  if (/resume/i.test(message)) {
    return { title: found?.title ?? 'The run was stopped', todo: '' };
  }
  return found ?? { title: 'The run was stopped', todo: 'Mend what the sentence says, then resume: rows that are done are not done again.' };
}

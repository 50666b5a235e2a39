/**
 * What is being prepared, as the address says it: a reload, a bookmark and the way back lose nothing.
 *
 *     /imports/new?kind=import&target=sandbox&file=f7&step=columns&m=2:email,5:-&pop=name:Sales
 *
 * Of the mapping only what differs from the server's suggestions is there: `m` has the index of a column and its
 * attribute, `-` for a column that is left out. What is as it is at first has no place in the address.
 */
import { useCallback, useMemo } from 'react';

import { go, usePlace } from '../../../address.js';
import { KINDS } from '../wire.js';
import type { Kind, Mapping, Options, Policy, PopulationChoice, Upload } from '../wire.js';
import { choiceOf } from '../words.js';

export const STEPS = ['file', 'columns', 'check', 'run'] as const;
export type Step = (typeof STEPS)[number];

export interface Draft {
  readonly kind: Kind;
  readonly step: Step;
  readonly target: string | undefined;
  readonly file: string | undefined;
  /** By the index of the column; null: it is left out. */
  readonly columns: ReadonlyMap<number, string | null>;
  readonly population: PopulationChoice;
  readonly populationFrom: Options['population_from'];
  readonly unknownPopulation: Options['unknown_population'];
  readonly policy: Policy;
  readonly createMissing: boolean;
  readonly forceChange: boolean;
  readonly onStop: Options['on_stop'];
  readonly parallel: number | null;
  readonly name: string;
  readonly scope: { readonly population: string | null; readonly enabled: boolean | null; readonly scim: string | null };
  readonly format: Options['format'];
  /** The dry run of it. */
  readonly dry: string | undefined;
  /** A run to begin from: its options. */
  readonly from: string | undefined;
}

export const BLANK: Draft = {
  kind: 'import',
  step: 'file',
  target: undefined,
  file: undefined,
  columns: new Map(),
  population: null,
  populationFrom: 'ask',
  unknownPopulation: 'ask',
  policy: 'skip',
  createMissing: false,
  forceChange: false,
  onStop: 'pause',
  parallel: null,
  name: '',
  scope: { population: null, enabled: null, scim: null },
  format: 'csv',
  dry: undefined,
  from: undefined,
};

export function draftOf(search: string): Draft {
  const given = new URLSearchParams(search);
  const text = (name: string): string | undefined => given.get(name) || undefined;
  const one = <T extends string>(name: string, known: readonly T[], usual: T): T => known.find((value) => value === given.get(name)) ?? usual;
  const parallel = Number(text('parallel'));
  return {
    kind: one('kind', KINDS, 'import'),
    step: one('step', STEPS, 'file'),
    target: text('target'),
    file: text('file'),
    columns: columnsOf(given.get('m') ?? ''),
    population: populationOf(text('pop')),
    populationFrom: one('from-column', ['ask', 'file', 'choice'], 'ask'),
    unknownPopulation: one('unknown', ['ask', 'choice', 'fail'], 'ask'),
    policy: one('policy', ['skip', 'update', 'fail'], 'skip'),
    createMissing: given.has('create-missing'),
    forceChange: given.has('force-change'),
    onStop: one('on-stop', ['pause', 'fail'], 'pause'),
    parallel: Number.isInteger(parallel) && parallel > 0 ? parallel : null,
    name: text('name') ?? '',
    scope: {
      population: text('of') ?? null,
      enabled: given.get('enabled') === 'yes' ? true : given.get('enabled') === 'no' ? false : null,
      scim: text('scim') ?? null,
    },
    format: one('format', ['csv', 'json'], 'csv'),
    dry: text('dry'),
    from: text('from'),
  };
}

export function addressOf(draft: Draft): string {
  const { scope } = draft;
  const fields: Readonly<Record<string, string | undefined>> = {
    kind: draft.kind === BLANK.kind ? undefined : draft.kind,
    step: draft.step === BLANK.step ? undefined : draft.step,
    target: draft.target,
    file: draft.file,
    m: [...draft.columns].map(([index, attribute]) => `${index}:${attribute ?? '-'}`).join(','),
    pop: draft.population === null ? undefined : 'id' in draft.population ? `id:${draft.population.id}` : `name:${draft.population.name}`,
    'from-column': usual(draft.populationFrom, BLANK.populationFrom),
    unknown: usual(draft.unknownPopulation, BLANK.unknownPopulation),
    policy: usual(draft.policy, BLANK.policy),
    'create-missing': draft.createMissing ? 'yes' : undefined,
    'force-change': draft.forceChange ? 'yes' : undefined,
    'on-stop': usual(draft.onStop, BLANK.onStop),
    parallel: draft.parallel === null ? undefined : String(draft.parallel),
    name: draft.name,
    of: scope.population ?? undefined,
    enabled: scope.enabled === null ? undefined : scope.enabled ? 'yes' : 'no',
    scim: scope.scim ?? undefined,
    format: usual(draft.format, BLANK.format),
    dry: draft.dry,
    from: draft.from,
  };
  const query = new URLSearchParams(Object.entries(fields).flatMap(([name, value]) => (value === undefined || value === '' ? [] : [[name, value]])));
  return `/imports/new${query.size === 0 ? '' : `?${query}`}`;
}

export type Change = (part: Partial<Draft>, how?: { readonly leaf?: boolean }) => void;

/** The draft, and how it is changed: `leaf` adds a page to the way back. */
export function useDraft(): readonly [Draft, Change] {
  const { search } = usePlace();
  const draft = useMemo(() => draftOf(search), [search]);
  const change = useCallback<Change>((part, how = {}) => {
    // As the address is now: two changes of one moment both count.
    go(addressOf({ ...draftOf(location.search), ...part }), { replace: how.leaf !== true });
  }, []);
  return [draft, change];
}

/** What each column becomes: as the server suggests, but for what was changed. Null: left out. */
export function chosen(upload: Upload, columns: Draft['columns']): readonly (string | null)[] {
  return upload.header.map((column, index) => {
    const changed = columns.get(index);
    return changed !== undefined ? changed : (suggestionFor(upload, column, index)?.attribute ?? null);
  });
}

/** Suggestions are in the order of the header; where they are not, they have names. */
export function suggestionFor(upload: Upload, column: string, index: number): Upload['mapping'][number] | undefined {
  const here = upload.mapping[index];
  return here?.column === column ? here : upload.mapping.find((one) => one.column === column);
}

export function mappingOf(upload: Upload, columns: Draft['columns']): Mapping {
  return Object.fromEntries(
    chosen(upload, columns).flatMap((attribute, index) => {
      const column = upload.header[index];
      return attribute === null || column === undefined ? [] : [[column, attribute]];
    }),
  );
}

/** The changes that lead from the suggestions to a mapping, such as a saved one. */
export function changesTo(upload: Upload, mapping: Mapping): Draft['columns'] {
  const changes = new Map<number, string | null>();
  for (const [index, column] of upload.header.entries()) {
    const wanted = mapping[column] ?? null;
    if (wanted !== (suggestionFor(upload, column, index)?.attribute ?? null)) {
      changes.set(index, wanted);
    }
  }
  return changes;
}

/** What the server is asked for. */
export function optionsOf(draft: Draft, upload: Upload | undefined, dry: boolean, confirm: number | null): Options {
  const exports = draft.kind === 'export';
  return {
    kind: draft.kind,
    target: draft.target ?? '',
    ...(exports || draft.file === undefined ? {} : { file: draft.file }),
    mapping: exports || upload === undefined ? {} : mappingOf(upload, draft.columns),
    policy: draft.policy,
    create_missing: draft.createMissing,
    population: draft.population,
    population_from: draft.populationFrom,
    unknown_population: draft.unknownPopulation,
    dry_run: dry,
    confirm,
    on_stop: draft.onStop,
    force_change: draft.forceChange,
    parallel: draft.parallel,
    ...(exports ? { filter: draft.scope } : {}),
    format: draft.format,
    ...(draft.name === '' ? {} : { name: draft.name }),
  };
}

/** A draft of what a run did; of the mapping everything is a change until its file is known. */
export function draftFrom(options: Options, upload: Upload | undefined): Draft {
  return {
    ...BLANK,
    kind: options.kind,
    target: options.target,
    file: options.file,
    columns: upload === undefined ? new Map() : changesTo(upload, options.mapping ?? {}),
    population: choiceOf(options.population),
    populationFrom: options.population_from ?? BLANK.populationFrom,
    unknownPopulation: options.unknown_population ?? BLANK.unknownPopulation,
    policy: options.policy ?? BLANK.policy,
    createMissing: options.create_missing ?? false,
    forceChange: options.force_change ?? false,
    onStop: options.on_stop ?? BLANK.onStop,
    parallel: options.parallel ?? null,
    name: options.name ?? '',
    scope: { ...BLANK.scope, ...options.filter },
    format: options.format ?? BLANK.format,
  };
}

function usual(value: string, atFirst: string): string | undefined {
  return value === atFirst ? undefined : value;
}

function columnsOf(text: string): ReadonlyMap<number, string | null> {
  const found = new Map<number, string | null>();
  for (const part of text.split(',')) {
    const [index, attribute] = part.split(':');
    if (attribute !== undefined && attribute !== '' && /^\d+$/.test(index ?? '')) {
      found.set(Number(index), attribute === '-' ? null : attribute);
    }
  }
  return found;
}

function populationOf(text: string | undefined): PopulationChoice {
  if (text?.startsWith('id:') === true) {
    return { id: text.slice(3) };
  }
  return text?.startsWith('name:') === true ? { name: text.slice(5), create: true } : null;
}

/** What the server says of imports: the shapes of /api/imports. */

export const KINDS = ['import', 'export', 'modify', 'delete'] as const;
export type Kind = (typeof KINDS)[number];

/** Seconds since 1970. */
export type Moment = number | null;

export interface Region {
  readonly code: string;
  readonly name: string;
  readonly tld: string;
}

export interface Target {
  readonly id: string;
  readonly name: string;
  readonly kind: 'sandbox' | 'pingone';
  readonly region: string | null;
  readonly environment: string;
  readonly worker_environment: string | null;
  readonly client_id: string;
  /** `set`, `none`, or `env:` and the name of a variable. The secret itself never comes back. */
  readonly secret: string;
  readonly api: string | null;
  readonly auth: string | null;
  readonly rate: number | null;
  readonly method: string | null;
  readonly environment_name: string | null;
  readonly environment_type: 'PRODUCTION' | 'SANDBOX' | null;
  readonly checked_at: Moment;
}

export type Tested =
  | {
      readonly ok: true;
      readonly environment: { readonly id: string; readonly name: string; readonly type: string };
      readonly populations: number;
      readonly identities: number | null;
      readonly method: string | null;
    }
  | { readonly ok: false; readonly code: string; readonly message: string; readonly correlation_id: string };

export interface Population {
  readonly id: string;
  readonly name: string;
  readonly description: string | null;
  readonly users: number | null;
  readonly default: boolean;
}

export interface Attribute {
  readonly name: string;
  readonly type: string;
  readonly required: boolean;
  readonly unique: boolean;
  readonly custom: boolean;
}

export interface Suggestion {
  readonly column: string;
  readonly attribute: string | null;
  /** Attributes that it may mean, where it is none for certain. */
  readonly why: readonly string[];
}

export interface Upload {
  readonly id: string;
  readonly name: string;
  readonly bytes: number;
  readonly rows: number;
  readonly format: { readonly encoding: string; readonly delimiter: string };
  readonly header: readonly string[];
  readonly mapping: readonly Suggestion[];
  /** From 0 to 1. */
  readonly fill: Readonly<Record<string, number>>;
  readonly sample: readonly { readonly row: number; readonly cells: readonly string[] }[];
  readonly notes: readonly string[];
  readonly created_at: Moment;
  readonly expires_at: Moment;
}

/** Column: attribute. A column that is not in it is left out. */
export type Mapping = Readonly<Record<string, string>>;

export interface SavedMapping {
  readonly name: string;
  readonly columns: Mapping;
  readonly created_at: Moment;
}

export interface Problem {
  readonly code: string;
  readonly field: string | null;
  readonly message: string;
}

export interface Preview {
  readonly rows: readonly {
    readonly row: number;
    readonly username: string | null;
    readonly body: unknown;
    readonly problems: readonly Problem[];
  }[];
  readonly problems: Readonly<Record<string, number>>;
  readonly looked_at: number;
}

export type PopulationChoice = { readonly id: string } | { readonly name: string; readonly create: boolean } | null;
export type Policy = 'skip' | 'update' | 'fail';

export interface Options {
  readonly kind: Kind;
  readonly target: string;
  readonly file?: string;
  readonly mapping: Mapping;
  readonly policy: Policy;
  readonly create_missing: boolean;
  readonly population: PopulationChoice;
  readonly population_from: 'ask' | 'file' | 'choice';
  readonly unknown_population: 'ask' | 'choice' | 'fail';
  readonly dry_run: boolean;
  readonly confirm: number | null;
  readonly on_stop: 'pause' | 'fail';
  readonly force_change: boolean;
  readonly parallel: number | null;
  readonly filter?: { readonly population: string | null; readonly enabled: boolean | null; readonly scim: string | null };
  readonly format: 'csv' | 'json';
  readonly name?: string;
}

export interface Begun {
  readonly run: string;
  readonly task: string;
  readonly sessionId: string;
  readonly channel: string;
  readonly total: number | null;
}

/** `created`, `updated`, `skipped`, `failed`, `not_attempted`; in the order of the server. */
export type Counts = Readonly<Record<string, number>>;

export interface Question {
  readonly kind: 'population_conflict' | 'pick_population_required';
  /** The columns that name a population, where the file and the choice differ. */
  readonly columns?: readonly string[];
  /** The id of the population that was chosen. */
  readonly choice?: string | null;
  /** Populations that the file names and nobody knows. */
  readonly names?: readonly string[];
  /** So many others. */
  readonly more?: number;
}

export interface Run {
  readonly id: string;
  readonly kind: Kind;
  readonly status: string;
  readonly name: string;
  readonly options: Options;
  readonly file_name: string | null;
  readonly target: { readonly id: string; readonly name?: string; readonly environment_type?: Target['environment_type'] };
  readonly dry_run: boolean;
  readonly total: number | null;
  readonly counts: Counts;
  readonly created_at: Moment;
  readonly started_at: Moment;
  readonly ended_at: Moment;
  readonly by: string | null;
  readonly stopped: { readonly code: string; readonly message: string } | null;
  readonly report: unknown;
  /** There is a file of rejects; there is one that an export wrote. */
  readonly rejects: boolean;
  readonly result: boolean;
  readonly question: Question | null;
}

export interface Failure {
  readonly row: number | null;
  readonly username: string | null;
  readonly code: string;
  readonly field: string | null;
  readonly message: string;
  readonly correlation_id: string | null;
}

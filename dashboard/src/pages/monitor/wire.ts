/** What the server says of applications, runs and alerts: the shapes of /api/applications, /api/tests and /api/monitor. */

export const STATUSES = ['healthy', 'warning', 'error', 'unconfigured', 'unknown', 'maintenance', 'paused'] as const;
export type Status = (typeof STATUSES)[number];

/** Seconds since 1970, or a timestamp. */
export type Moment = number | string | null | undefined;

export const ENVIRONMENTS = ['production', 'staging', 'development'] as const;
export const PRIORITIES = ['critical', 'high', 'medium', 'low'] as const;
export const KINDS = ['health_check', 'login_test'] as const;
export type Kind = (typeof KINDS)[number];
export const WINDOWS = ['1h', '24h', '7d', '30d', '90d'] as const;
export type WindowName = (typeof WINDOWS)[number];

export type SlaStatus = 'met' | 'warning' | 'breach' | 'unknown';

export interface Sla {
  readonly target: number;
  readonly value: number | null;
  readonly status: SlaStatus;
  readonly budgetSeconds: number;
  /** From 0 to 1. */
  readonly budgetLeft: number;
  /** With 1 the budget lasts as long as the window. */
  readonly burn?: number | null;
}

export interface Certificate {
  readonly notAfter: Moment;
  readonly daysLeft: number;
  readonly issuer: string | null;
  readonly problem: string | null;
}

/** A check as it is written: what it holds is by its kind. */
export type Check = { readonly kind: 'http' | 'tcp' | 'tls' | 'dns' | 'push' } & Readonly<Record<string, unknown>>;

export interface Step {
  readonly type: string;
  readonly [field: string]: unknown;
}

export interface Login {
  readonly url: string;
  readonly credentials?: Readonly<Record<string, string | null>>;
  readonly steps?: readonly Step[];
  readonly successCriteria?: Readonly<Record<string, unknown>>;
  readonly cleanupSteps?: readonly Step[];
  readonly screenshotOnFailure?: boolean;
  readonly timeout?: number;
  readonly form?: Readonly<Record<string, string | null>>;
}

export type Window =
  | { readonly kind: 'once'; readonly begin: number; readonly end: number; readonly title?: string }
  | { readonly kind: 'weekly'; readonly days: readonly number[]; readonly at: string; readonly minutes: number; readonly zone?: string; readonly title?: string }
  | { readonly kind: 'cron'; readonly line: string; readonly minutes: number; readonly zone?: string; readonly title?: string };

/** What people write of an application. */
export interface Definition {
  readonly name: string;
  readonly displayName: string;
  readonly environment: string;
  readonly category: string;
  readonly tags: readonly string[];
  readonly priority: string;
  readonly isActive: boolean;
  readonly public?: boolean;
  readonly owner: { readonly team?: string; readonly email?: string };
  readonly slaTarget: number;
  readonly healthCheck: Check | null;
  readonly loginTest: Login | null;
  readonly alertThresholds: {
    readonly consecutiveFailures?: number;
    readonly recoveries?: number;
    readonly responseTimeMs?: number | null;
    readonly uptimePercentage?: number | null;
  };
  readonly maintenance: readonly Window[];
}

export interface Application extends Definition {
  readonly id: string;
  readonly managedBy: 'api' | 'file';
  readonly createdAt: Moment;
  readonly updatedAt: Moment;
  readonly status: Status;
  readonly since?: Moment;
  /** Milliseconds. */
  readonly responseTime?: number | null;
  readonly lastChecked?: Moment;
  readonly lastTested?: Moment;
  readonly lastTest?: { readonly kind: string; readonly status: string; readonly testRunId?: string | null } | null;
  readonly uptime?: Readonly<Partial<Record<WindowName, number | null>>> | null;
  readonly sla?: Sla | null;
  readonly slaStatus?: SlaStatus | null;
  readonly certificate?: Certificate | null;
  readonly incident?: Incident | null;
  readonly message?: string | null;
}

export interface Applications {
  readonly applications: readonly Application[];
}

export interface Incident {
  readonly id: string;
  readonly began: Moment;
  readonly ended: Moment;
  readonly code: string | null;
  readonly message: string | null;
  readonly failures: number;
  readonly told?: number;
  readonly acknowledgedBy: string | null;
}

/** One look. */
export interface Beat {
  readonly at: number;
  readonly status: Status;
  readonly milliseconds: number | null;
  readonly code: string | null;
  readonly message: string | null;
  readonly timings?: Timings | null;
}

/** Milliseconds of each part. */
export type Timings = Readonly<Record<string, number>>;

export interface Bucket {
  readonly time: number;
  readonly p50: number | null;
  readonly p95: number | null;
  readonly max: number | null;
  /** From 0 to 1. */
  readonly up: number | null;
  readonly looks?: number;
  readonly failures?: number;
}

/** What came of a check that was asked for just now. */
export interface Outcome {
  readonly status: Status;
  readonly message: string | null;
  readonly code?: string | null;
  readonly reason?: string | null;
  readonly responseTime?: number | null;
  readonly timings?: Timings | null;
  readonly httpStatus?: number | null;
  readonly address?: string | null;
  readonly judgements?: readonly { readonly wish: string; readonly held: boolean; readonly message: string }[];
}

export interface Summary {
  readonly total: number;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** Milliseconds. */
  readonly duration: number;
}

export interface Attempt {
  readonly status: string;
  readonly message?: string;
  readonly code?: string | null;
  readonly milliseconds?: number | null;
}

export interface Result {
  readonly applicationId: string;
  readonly applicationName: string;
  readonly environment?: string;
  readonly testType: string;
  readonly status: string;
  readonly code?: string | null;
  readonly message?: string | null;
  readonly began?: Moment;
  /** Milliseconds. */
  readonly duration?: number | null;
  readonly attempts?: readonly Attempt[];
  /** The address of a picture. */
  readonly screenshot?: string | null;
  readonly detail?: Readonly<Record<string, unknown>> | null;
}

export interface Run {
  /** `task:` and the task. */
  readonly testRunId: string;
  readonly task?: string;
  readonly name?: string | null;
  readonly status: string;
  readonly trigger?: string | null;
  readonly by?: string | null;
  readonly kinds?: readonly string[];
  readonly parallel?: number | null;
  readonly total?: number | null;
  readonly completed?: number | null;
  readonly createdAt?: Moment;
  readonly startedAt?: Moment;
  readonly endedAt?: Moment;
  readonly summary?: Summary | null;
  readonly error?: string | null;
  /** Why it does not go on at once. */
  readonly waiting?: string | null;
  readonly results?: readonly Result[];
}

export interface Begun {
  readonly testRunId: string;
  readonly task: string;
  readonly channel: string;
  readonly total: number;
}

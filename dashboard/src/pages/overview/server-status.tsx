import { Glyph, useConnection } from 'headway-react';
import { count, duration } from 'headway-react/words';
import type { ReactElement } from 'react';

import { useRecord } from '../../records.js';
import { useSession } from '../../session.js';
import styles from './server-status.module.css';

const EVERY_MS = 5_000;

interface Health {
  readonly status: string;
  readonly details: {
    readonly uptime: number;
    readonly version?: string;
    readonly checks?: Readonly<Record<string, { readonly status: string; readonly message?: string }>>;
  };
}

interface Metrics {
  readonly active_connections: number;
  readonly users: number;
  readonly channels: number;
  readonly log: { readonly appended?: number; readonly commit_seconds?: { readonly p99?: number } };
}

/** How the server is; in figures for those who may see them. */
export function ServerStatus(): ReactElement {
  const { may } = useSession();
  const health = useRecord<Health>('api/health', { every: EVERY_MS });
  const metrics = useRecord<Metrics>('api/metrics', { every: EVERY_MS, when: may('operator') });
  const wrong = Object.values(health.data?.details.checks ?? {}).find(({ status }) => status !== 'healthy');
  // The connection knows it sooner than the next question would.
  const { disconnected } = useConnection();
  const [tone, word] =
    health.error !== null || disconnected
      ? (['bad', 'Not reached'] as const)
      : health.data === undefined
        ? (['calm', 'Asking…'] as const)
        : health.data.status === 'healthy'
          ? (['good', 'Healthy'] as const)
          : (['warn', 'Degraded'] as const);
  return (
    <section className="card" aria-labelledby="server">
      <div className={styles['head']}>
        <h2 id="server">Server</h2>
        <span className={styles['health']} data-tone={tone} role="status">
          <Glyph tone={tone} /> {word}
        </span>
      </div>
      {wrong !== undefined && (
        <p className={styles['wrong']} data-tone="warn" role="alert">
          {wrong.message}
        </p>
      )}
      <dl className={styles['figures']}>
        <Figure label="Up for" value={health.data && duration(health.data.details.uptime)} />
        {may('operator') && (
          <>
            <Figure label="Version" value={health.data?.details.version} />
            <Figure label="Connections" value={metrics.data && count(metrics.data.active_connections)} />
            <Figure label="Channels followed" value={metrics.data && count(metrics.data.channels)} />
            <Figure label="Events stored" value={metrics.data && count(metrics.data.log.appended ?? 0)} />
            <Figure label="Slowest commits" value={milliseconds(metrics.data?.log.commit_seconds?.p99)} />
          </>
        )}
      </dl>
    </section>
  );
}

function Figure({ label, value }: { readonly label: string; readonly value: string | undefined }): ReactElement {
  return (
    <div>
      <dt>{label}</dt>
      <dd>{value ?? '–'}</dd>
    </div>
  );
}

function milliseconds(seconds: number | undefined): string | undefined {
  return seconds === undefined ? undefined : `${(seconds * 1_000).toFixed(seconds < 0.01 ? 1 : 0)} ms`;
}

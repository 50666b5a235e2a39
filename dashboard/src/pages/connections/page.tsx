/** Who is connected, how far each one is, what passes, and how connections ended. Asked for calmly: it is not news. */
import { Glyph } from 'headway-react';
import { count } from 'headway-react/words';
import type { ReactElement, ReactNode } from 'react';

import { useRecord } from '../../records.js';
import { Chart } from './chart.js';
import type { Line } from './chart.js';
import { useCourse } from './course.js';
import { Ended } from './ended.js';
import { Messages } from './messages.js';
import { Open } from './open.js';
import styles from './page.module.css';
import { TRANSPORTS, bytes, transportName } from './records.js';
import type { Connections, Figures } from './records.js';

const EVERY_MS = 2_000;
/** What the server shows at most. */
const MOST = 1_000;

export default function ConnectionsPage(): ReactElement {
  const figures = useRecord<Figures>('api/metrics', { every: EVERY_MS });
  const connections = useRecord<Connections>(`api/debug/connections?limit=${MOST}`, { every: EVERY_MS });
  const course = useCourse(figures.data, figures.dataUpdatedAt);
  const error = connections.error ?? figures.error;
  const now = figures.data;
  return (
    <div className={styles['page']}>
      <header className={styles['head']}>
        <h1>Connections</h1>
        <dl className={styles['summary']}>
          <Figure label="Open" value={now && count(now.active_connections)} />
          <Figure label="Users" value={now && count(now.users)} />
          <Figure label="Channels followed" value={now && count(now.subscriptions)} />
          <Figure label="So far" value={now && count(now.total_connections)} />
          <Figure label="Sent" value={now && bytes(now.bytes_sent)} />
          <Figure label="Received" value={now && bytes(now.bytes_received)} />
        </dl>
      </header>
      {error !== null && (
        <p className={`card ${styles['refused']}`} role="alert" data-tone="bad">
          <Glyph tone="bad" /> <span>What is shown is not of now: {error.message}</span>
        </p>
      )}
      <div className={styles['charts']}>
        <Chart title="Deliveries" course={course} unit="/s" lines={linesOf('delivered', now?.delivered)} empty="Nothing has been delivered yet." />
        <Chart title="Connections" course={course} unit="" lines={linesOf('open', openOf(now))} empty="Nobody has been connected yet." />
        <Chart title="Recoveries and gaps" course={course} unit="/s" lines={RECOVERIES} empty="" />
      </div>
      <Totals figures={now} />
      <Open found={connections.data} at={connections.dataUpdatedAt} />
      <Ended ended={connections.data?.ended} />
      <Messages />
    </div>
  );
}

const RECOVERIES: readonly Line[] = [
  { name: 'recovered', label: 'Recovered' },
  { name: 'gaps', label: 'Gaps' },
];

/** A line for each transport that was used since the start: what is at 0 for ever is none. */
function linesOf(kind: string, values: Readonly<Record<string, number>> | undefined): readonly Line[] {
  const known = Object.keys(TRANSPORTS).filter((name) => (values?.[name] ?? 0) > 0);
  return known.map((name) => ({ name: `${kind} ${name}`, label: transportName(name) }));
}

function openOf(figures: Figures | undefined): Readonly<Record<string, number>> {
  const transports = Object.entries(figures?.by_transport ?? {}) as [string, { open: number; opened?: number }][];
  return Object.fromEntries(transports.map(([name, one]) => [name, one.opened ?? one.open]));
}

/** What the start of the server has seen of coming back and falling behind. */
function Totals({ figures }: { readonly figures: Figures | undefined }): ReactElement {
  const of = (name: string): string | undefined => figures && count(figures.starts[name] ?? 0);
  return (
    <dl className={`card ${styles['totals']}`} aria-label="Since the server's start">
      <Figure label="Readers who began anew" value={of('fresh')} />
      <Figure label="came back, caught up" value={of('recovered')} />
      <Figure label="came back to a gap" value={of('gap')} />
      <Figure label="Gaps told" value={figures && count(figures.gaps)} />
      <Figure label="Spared slow readers" value={figures && count(figures.conflated)} />
      <Figure label="Waiting to be written" value={figures && bytes(figures.buffered_bytes)} />
    </dl>
  );
}

function Figure({ label, value }: { readonly label: string; readonly value: ReactNode }): ReactElement {
  return (
    <div>
      <dt>{label}</dt>
      <dd>{value ?? '–'}</dd>
    </div>
  );
}

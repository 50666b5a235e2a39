/**
 * The rows that failed, a page at a time. They come from the run's file of rejects; how many there are comes live, and
 * the page that is shown is asked for again as long as it is not full.
 */
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import type { HeadwayError } from 'headway-client';
import { useHeadway } from 'headway-react';
import { count } from 'headway-react/words';
import { useState } from 'react';
import type { ReactElement } from 'react';

import { useCalm } from '../../../calm.js';
import { useSession } from '../../../session.js';
import { Copy } from '../../../shell/copy.js';
import { pathOf } from '../asking.js';
import styles from '../imports.module.css';
import { Note } from '../parts.js';
import type { Failure, Run } from '../wire.js';
import { saidBy } from '../words.js';
import own from './run.module.css';

const PAGE = 50;
/** Nobody reads faster. */
const EVERY_MS = 700;
const PATIENCE_MS = 5_000;

interface Answer {
  readonly failures: readonly Failure[];
  readonly after: number | null;
}

export interface FailuresProps {
  readonly run: Run;
  readonly failed: number;
  readonly ended: boolean;
}

export function Failures({ run, failed, ended }: FailuresProps): ReactElement | null {
  const { may } = useSession();
  const client = useHeadway();
  // Where each page that was seen begins; the last one is shown.
  const [starts, setStarts] = useState<readonly (number | undefined)[]>([undefined]);
  const after = starts.at(-1);
  const before = (starts.length - 1) * PAGE;
  // A page that is full stays as it is.
  const here = useCalm(Math.min(PAGE + 1, Math.max(0, failed - before)), EVERY_MS);
  const { data, error } = useQuery<Answer, HeadwayError>({
    queryKey: [pathOf('runs', run.id, 'failures'), after ?? '', here, ended],
    queryFn: async () => {
      const query = new URLSearchParams({ limit: String(PAGE), ...(after === undefined ? {} : { after: String(after) }) });
      return (await client.command(`${pathOf('runs', run.id, 'failures')}?${query}`, { method: 'GET', patience: PATIENCE_MS })) as Answer;
    },
    enabled: failed > 0 && may('operator'),
    placeholderData: keepPreviousData,
  });
  if (!may('operator')) {
    return null;
  }
  if (failed === 0 && !ended) {
    return (
      <section className="card" aria-labelledby="failures">
        <h2 id="failures">Failures</h2>
        <p className="soft">No row has failed so far.</p>
      </section>
    );
  }
  if (failed === 0) {
    return null;
  }
  const rows = data?.failures ?? [];
  const next = data?.after ?? null;
  const more = next !== null && failed > before + rows.length;
  return (
    <section className="card" aria-labelledby="failures">
      <div className="card-head">
        <h2 id="failures">Failures</h2>
        <p className="soft small numbers" role="status">
          {rows.length === 0 ? `${count(failed)} in all` : `${count(before + 1)} to ${count(before + rows.length)} of ${count(failed)}`}
        </p>
      </div>
      {error !== null && (
        <Note tone="bad" alert>
          {saidBy(error)}
        </Note>
      )}
      <div className={styles['scroll']} role="region" aria-label="Failures, as a table" tabIndex={0} data-tall>
        <table className={`${styles['table']} ${own['failures']}`}>
          <thead>
            <tr>
              <th scope="col">Row</th>
              <th scope="col">User</th>
              <th scope="col">Field</th>
              <th scope="col">Why</th>
              <th scope="col">Correlation id</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((one, index) => (
              <Line key={`${one.row} ${index}`} one={one} />
            ))}
          </tbody>
        </table>
      </div>
      {(starts.length > 1 || more) && (
        <div className={own['pager']}>
          <button type="button" className="quiet-button" aria-disabled={starts.length === 1} onClick={() => starts.length > 1 && setStarts(starts.slice(0, -1))}>
            Earlier ones
          </button>
          <button type="button" className="quiet-button" aria-disabled={!more} onClick={() => more && setStarts([...starts, next])}>
            Later ones
          </button>
        </div>
      )}
    </section>
  );
}

function Line({ one }: { readonly one: Failure }): ReactElement {
  return (
    <tr>
      <td data-label="Row" className="numbers soft">
        {one.row === null ? '–' : count(one.row)}
      </td>
      <th scope="row">{one.username || <span className="soft">without a name</span>}</th>
      <td data-label="Field">{!one.field ? <span className="soft">–</span> : <code>{one.field}</code>}</td>
      <td data-label="Why">
        {one.message} <code className="soft">{one.code}</code>
      </td>
      <td data-label="Correlation id">
        {!one.correlation_id ? (
          <span className="soft">none: it was not sent</span>
        ) : (
          <span className={own['correlation']}>
            <code title={one.correlation_id}>{one.correlation_id}</code>
            <Copy text={one.correlation_id} label={`Copy the correlation id of row ${one.row ?? ''}`} />
          </span>
        )}
      </td>
    </tr>
  );
}

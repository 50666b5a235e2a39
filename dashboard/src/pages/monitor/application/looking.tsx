/** Look now, and see where the time went. */
import { Button } from '@mantine/core';
import { useState } from 'react';
import type { ReactElement } from 'react';

import { BASE } from '../../../address.js';
import { useRecord } from '../../../records.js';
import { useSession } from '../../../session.js';
import { Copy } from '../../../shell/copy.js';
import { pathOf, refresh, useAsk } from '../asking.js';
import styles from '../monitor.module.css';
import { Note, Refusal, StatusWord } from '../parts.js';
import type { Application, Outcome, Timings } from '../wire.js';
import { ended, saidBy, took } from '../words.js';
import own from './looking.module.css';

export function Looking({ application }: { readonly application: Application }): ReactElement {
  const { may } = useSession();
  const ask = useAsk();
  const [busy, setBusy] = useState(false);
  const [outcome, setOutcome] = useState<Outcome>();
  const [refusal, setRefusal] = useState<string>();
  const { healthCheck, id } = application;
  const push = healthCheck?.kind === 'push';
  const look = async (): Promise<void> => {
    setBusy(true);
    setRefusal(undefined);
    try {
      setOutcome(await ask<Outcome>('POST', ['applications', id, 'test']));
      void refresh('applications', id);
    } catch (error) {
      setRefusal(saidBy(error));
    }
    setBusy(false);
  };
  return (
    <section className="card" aria-labelledby="look">
      <div className="card-head">
        <h2 id="look">Check now</h2>
        {may('operator') && healthCheck !== null && !push && (
          <Button size="compact-sm" variant="default" loading={busy} onClick={() => void look()}>
            Check now
          </Button>
        )}
      </div>
      <Refusal text={refusal} />
      <div className={own['outcome']} role="status">
        {outcome === undefined ? (
          <p className="soft">{healthCheck === null ? 'It has no health check.' : push ? 'It tells of itself: there is nothing to ask. It is missed when its beat is late.' : 'One look outside of its schedule, with the time of each part.'}</p>
        ) : (
          <Came outcome={outcome} />
        )}
      </div>
      {push && may('admin') && <Where id={id} />}
    </section>
  );
}

/** Where it tells that it lives. Whoever has this address may tell it. */
function Where({ id }: { readonly id: string }): ReactElement | null {
  const { data } = useRecord<{ readonly path: string; readonly token: string }>(pathOf('applications', id, 'beat'));
  if (data === undefined) {
    return null;
  }
  const address = `${new URL(data.path.replace(/^\//, ''), BASE).href}?token=${data.token}`;
  return (
    <details className={styles['more']}>
      <summary>Where it tells</summary>
      <code className={styles['secret']}>curl -X POST &quot;{address}&quot;</code>
      <Copy text={`curl -X POST "${address}"`} label="Copy how it tells" />
    </details>
  );
}

function Came({ outcome }: { readonly outcome: Outcome }): ReactElement {
  const { status, message, code, httpStatus, address, timings, judgements } = outcome;
  const missed = (judgements ?? []).filter(({ held }) => !held);
  return (
    <>
      <p className={styles['named']}>
        <StatusWord status={status} />
        <span className="soft small">{[httpStatus == null ? '' : `HTTP ${httpStatus}`, address ?? '', code ?? ''].filter(Boolean).join(' · ')}</span>
      </p>
      {message && <p className="small">{ended(message)}</p>}
      {missed.map(({ wish, message: said }) => (
        <Note key={wish} tone="bad">
          <code>{wish}</code> {ended(said)}
        </Note>
      ))}
      {timings != null && <Waterfall timings={timings} />}
    </>
  );
}

const PARTS = [
  ['dns', 'Name'],
  ['connect', 'Connect'],
  ['tls', 'TLS'],
  ['firstByte', 'First byte'],
  ['body', 'Body'],
] as const;

/** Each part begins where the one before it ended. */
export function Waterfall({ timings }: { readonly timings: Timings }): ReactElement {
  const of = (name: string): number => timings[name] ?? timings[name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)] ?? 0;
  const shown = PARTS.filter(([name]) => name in timings || name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`) in timings);
  const total = Math.max(of('total'), 0.001);
  let begin = 0;
  return (
    <table className={own['waterfall']}>
      <caption className="unseen">Where the time went</caption>
      <tbody>
        {shown.map(([name, label]) => {
          const [from, length] = [begin, of(name)];
          begin += length;
          return (
            <tr key={name} data-part={name}>
              <th scope="row">{label}</th>
              <td aria-hidden="true">
                <i style={{ insetInlineStart: `${(100 * from) / total}%`, inlineSize: `${(100 * length) / total}%` }} />
              </td>
              <td>{length === 0 ? '–' : fine(length)}</td>
            </tr>
          );
        })}
        <tr data-part="total">
          <th scope="row">Total</th>
          <td aria-hidden="true" />
          <td>{fine(of('total'))}</td>
        </tr>
      </tbody>
    </table>
  );
}

function fine(milliseconds: number): string {
  return milliseconds < 10 ? `${milliseconds.toFixed(1)} ms` : took(milliseconds);
}

/** Times in error, the newest first. */
import { duration } from 'headway-react/words';
import { useEffect } from 'react';
import type { ReactElement } from 'react';

import { useRecord } from '../../../records.js';
import { useSession } from '../../../session.js';
import { tell } from '../../../shell/notices.js';
import { pathOf, refresh, useAsk } from '../asking.js';
import styles from '../monitor.module.css';
import { Note, Word, useNow } from '../parts.js';
import type { Incident } from '../wire.js';
import { codeWords, dateOf, ended, many, millisecondsOf, saidBy } from '../words.js';

export function Incidents({ id, open }: { readonly id: string; readonly open: string | undefined }): ReactElement {
  const { data, error } = useRecord<{ readonly incidents: readonly Incident[] }>(pathOf('applications', id, 'incidents'), { every: 30_000 });
  useEffect(() => void refresh('applications', id, 'incidents'), [id, open]);
  const incidents = data?.incidents ?? [];
  return (
    <section className="card" aria-labelledby="incidents">
      <div className="card-head">
        <h2 id="incidents">Incidents</h2>
      </div>
      {error !== null && <Note tone="bad">{saidBy(error)}</Note>}
      {data !== undefined && incidents.length === 0 && <p className="soft">None is known.</p>}
      {incidents.length > 0 && (
        <div className={styles['scroll']} role="region" aria-label="Incidents, as a table" tabIndex={0}>
          <table className={styles['table']}>
            <thead>
              <tr>
                <th scope="col">Began</th>
                <th scope="col">Lasted</th>
                <th scope="col">Why</th>
                <th scope="col">Failed looks</th>
                <th scope="col">Who cares</th>
              </tr>
            </thead>
            <tbody>
              {incidents.map((incident) => (
                <Row key={incident.id} id={id} incident={incident} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

function Row({ id, incident }: { readonly id: string; readonly incident: Incident }): ReactElement {
  const { may } = useSession();
  const ask = useAsk();
  const now = useNow();
  const lasted = ((incident.ended == null ? now : millisecondsOf(incident.ended)) - millisecondsOf(incident.began)) / 1_000;
  const acknowledge = async (): Promise<void> => {
    try {
      await ask('POST', ['applications', id, 'incidents', incident.id, 'acknowledge']);
      tell({ tone: 'good', title: 'Acknowledged', detail: 'Nobody is told of it again while it lasts.' });
    } catch (error) {
      tell({ tone: 'bad', title: 'It was not acknowledged', detail: saidBy(error) });
    }
    void refresh('applications', id);
  };
  return (
    <tr data-open={incident.ended == null}>
      <th scope="row" className="numbers">
        {dateOf(incident.began)}
      </th>
      <td data-label="Lasted" className="numbers">
        {incident.ended == null ? <Word tone="bad">{`${duration(Math.max(0, lasted))} so far`}</Word> : duration(lasted)}
      </td>
      <td data-label="Why" data-wide>
        {ended(incident.message ?? '') || '–'} {incident.code && <code title={codeWords(incident.code)}>{incident.code}</code>}
      </td>
      <td data-label="Failed looks" className="numbers">
        {many(incident.failures, 'look')}
      </td>
      <td data-label="Who cares">
        {incident.acknowledgedBy ??
          (incident.ended == null && may('operator') ? (
            <button type="button" className="quiet-button" onClick={() => void acknowledge()}>
              Acknowledge
            </button>
          ) : (
            <span className="soft">nobody</span>
          ))}
      </td>
    </tr>
  );
}

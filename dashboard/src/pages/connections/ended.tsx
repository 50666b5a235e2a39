import { Glyph } from 'headway-react';
import { count, duration, timeOf } from 'headway-react/words';
import { useState } from 'react';
import type { ReactElement } from 'react';

import { toneOfEnd, transportName } from './records.js';
import type { EndedConnection } from './records.js';
import styles from './table.module.css';

/** What is looked at first; the server remembers a hundred. */
const FIRST = 10;

/** How the last connections ended. */
export function Ended({ ended }: { readonly ended: readonly EndedConnection[] | undefined }): ReactElement {
  const [all, setAll] = useState(false);
  const shown = (ended ?? []).slice(0, all ? undefined : FIRST);
  return (
    <section className="card" aria-labelledby="ended">
      <div className="card-head">
        <h2 id="ended">Last ends</h2>
        {(ended?.length ?? 0) > FIRST && (
          <button type="button" className="quiet-button" onClick={() => setAll(!all)}>
            {all ? `Show the last ${FIRST}` : `Show all ${count(ended?.length ?? 0)}`}
          </button>
        )}
      </div>
      {shown.length === 0 ? (
        <p className="soft">{ended === undefined ? 'Asking…' : 'No connection has ended since the server’s start.'}</p>
      ) : (
        <div className={styles['scroll']} role="region" aria-label="Last ends, as a table" tabIndex={0}>
          <table className={styles['table']}>
            <thead>
              <tr>
                <th scope="col">Who</th>
                <th scope="col">Transport</th>
                <th scope="col">Why</th>
                <th scope="col" className={styles['number']}>Code</th>
                <th scope="col" className={styles['number']}>Lasted</th>
                <th scope="col" className={styles['number']}>Told</th>
                <th scope="col" className={styles['number']}>When</th>
              </tr>
            </thead>
            <tbody>
              {shown.map((one) => (
                <tr key={one.id}>
                  <th scope="row">
                    {one.user ?? <span className="soft">anonymous</span>}
                    <span className={styles['below']}>{one.address ?? ''}</span>
                  </th>
                  <td data-label="Transport">{transportName(one.transport)}</td>
                  <td data-label="Why">
                    <span className={styles['state']} data-tone={toneOfEnd(one)}>
                      <Glyph tone={toneOfEnd(one)} /> {one.reason}
                    </span>
                  </td>
                  <td data-label="Code" className={styles['number']}>{one.code ?? '–'}</td>
                  <td data-label="Lasted" className={styles['number']}>{duration(one.seconds)}</td>
                  <td data-label="Told" className={styles['number']}>{count(one.events)}</td>
                  <td data-label="When" className={styles['number']}>
                    <time dateTime={one.ended}>{timeOf(one.ended)}</time>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

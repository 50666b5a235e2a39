import { Glyph } from 'headway-react';
import { sentence, toneOf } from 'headway-react/words';
import { useEffect } from 'react';
import type { ReactElement } from 'react';

import { queries, useRecord } from '../../records.js';
import { whenOf } from '../../tasks/say.js';
import styles from './history.module.css';

interface Entry {
  readonly what: string;
  readonly time: string;
  readonly by: string | null;
  readonly detail: unknown;
}

export interface HistoryProps {
  readonly id: string;
  /** Whatever changes when there is something new. */
  readonly mark: string;
  readonly moment: number | undefined;
  readonly seek: (moment: number) => Promise<void>;
}

/** What happened to it, and who did what: from the records, which outlive the log. Each entry is a moment to go to. */
export function History({ id, mark, moment, seek }: HistoryProps): ReactElement {
  const path = `api/tasks/${encodeURIComponent(id)}/history`;
  const { data, error } = useRecord<{ readonly history: readonly Entry[] }>(path);
  useEffect(() => {
    void queries.invalidateQueries({ queryKey: [path] });
  }, [path, mark]);
  return (
    <section className="card" aria-labelledby="history">
      <h2 id="history" className={styles['title']}>
        History
      </h2>
      {error !== null && <p role="alert">It cannot be read: {error.message}</p>}
      <ol className={styles['entries']}>
        {data?.history.map((entry, index) => {
          const later = moment !== undefined && Date.parse(entry.time) > moment;
          const tone = toneOf(entry.what);
          return (
            <li key={index} data-later={later} data-tone={tone}>
              <Glyph tone={tone} />
              <div>
                <p>
                  <b>{sentence(entry.what)}</b>
                  {entry.by !== null && <span> by {entry.by}</span>}
                </p>
                {detailOf(entry.detail) !== '' && <p className="soft small">{detailOf(entry.detail)}</p>}
              </div>
              <button
                type="button"
                className={styles['moment']}
                aria-label={`Show it as it was at ${whenOf(entry.time)}: ${sentence(entry.what)}`}
                onClick={() => void seek(Date.parse(entry.time))}
              >
                {whenOf(entry.time)}
              </button>
            </li>
          );
        })}
      </ol>
    </section>
  );
}

function detailOf(detail: unknown): string {
  if (typeof detail === 'object' && detail !== null && 'message' in detail) {
    return String(detail.message);
  }
  return detail === null || detail === undefined ? '' : typeof detail === 'string' ? detail : JSON.stringify(detail);
}

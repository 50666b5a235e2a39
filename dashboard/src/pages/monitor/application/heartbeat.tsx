/** The last sixty looks as bars, the newest at the right. One stop for the keyboard; arrows go from look to look. */
import { useEffect, useState } from 'react';
import type { KeyboardEvent, ReactElement } from 'react';

import { useRecord } from '../../../records.js';
import { pathOf, refresh } from '../asking.js';
import { Note } from '../parts.js';
import type { Beat } from '../wire.js';
import { dateOf, ended, many, saidBy, statusWords, took } from '../words.js';
import styles from './heartbeat.module.css';

const LOOKS = 60;

export function Heartbeat({ id, look }: { readonly id: string; readonly look: string }): ReactElement {
  const { data, error } = useRecord<{ readonly beats: readonly Beat[] }>(`${pathOf('applications', id, 'beats')}?last=${LOOKS}`, { every: 30_000 });
  // Asked again with each look; what was shown stays until the answer is there.
  useEffect(() => void refresh('applications', id, 'beats'), [id, look]);
  const beats = (data?.beats ?? []).slice(-LOOKS);
  return (
    <section className="card" aria-labelledby="heartbeat">
      <div className="card-head">
        <h2 id="heartbeat">Last {LOOKS} looks</h2>
        <p className="soft small numbers">{beats.length === 0 ? ' ' : summary(beats)}</p>
      </div>
      {error !== null && <Note tone="bad">{saidBy(error)}</Note>}
      <Bars beats={beats} asked={data !== undefined} />
    </section>
  );
}

function Bars({ beats, asked }: { readonly beats: readonly Beat[]; readonly asked: boolean }): ReactElement {
  const [chosen, setChosen] = useState<number>();
  // By its time: with a new look all others move one place on.
  const found = beats.findIndex((beat) => beat.at === chosen);
  const at = Math.max(0, found === -1 ? beats.length - 1 : found);
  const beat = beats[at];
  const most = Math.max(1, ...beats.map(({ milliseconds }) => milliseconds ?? 0));
  const press = (event: KeyboardEvent): void => {
    const steps: Readonly<Record<string, number>> = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: beats.length - 1, PageUp: at - 10, PageDown: at + 10 };
    const next = steps[event.key];
    if (next !== undefined) {
      event.preventDefault();
      setChosen(beats[Math.min(beats.length - 1, Math.max(0, next))]?.at);
    }
  };
  const words = beat === undefined ? (asked ? 'It was not looked at yet.' : 'Asking…') : sentenceOf(beat);
  return (
    <>
      <div
        className={styles['bars']}
        role="slider"
        tabIndex={0}
        aria-label="Looks, by time"
        aria-orientation="horizontal"
        aria-valuemin={beats.length === 0 ? 0 : 1}
        aria-valuemax={beats.length}
        aria-valuenow={beats.length === 0 ? 0 : at + 1}
        aria-valuetext={words}
        onKeyDown={press}
      >
        {Array.from({ length: LOOKS - beats.length }, (_, index) => (
          <i key={`none ${index}`} data-none />
        ))}
        {beats.map((one, index) => (
          <i
            key={one.at}
            data-tone={statusWords(one.status)[1]}
            data-status={one.status}
            data-chosen={index === at && chosen !== undefined}
            style={{ blockSize: `${40 + 60 * Math.sqrt((one.milliseconds ?? (one.status === 'error' ? most : 0)) / most)}%` }}
            onPointerEnter={() => setChosen(one.at)}
          />
        ))}
      </div>
      <p className={styles['said']} data-tone={beat === undefined ? 'calm' : statusWords(beat.status)[1]}>
        {words}
      </p>
    </>
  );
}

function sentenceOf({ at, status, milliseconds, code, message }: Beat): string {
  const [word] = statusWords(status);
  const said = message ? ` ${ended(message)}` : '';
  return `${dateOf(at)}: ${word.toLowerCase()}${milliseconds === null ? '' : ` in ${took(milliseconds)}`}.${code ? ` ${code}.` : ''}${said}`;
}

function summary(beats: readonly Beat[]): string {
  const bad = beats.filter(({ status }) => status === 'error').length;
  return `${many(beats.length, 'look')} since ${dateOf(beats[0]?.at)}, ${bad === 0 ? 'none failed' : `${bad} failed`}`;
}

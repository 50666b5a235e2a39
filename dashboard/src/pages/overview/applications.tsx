import { Glyph, useChannel } from 'headway-react';
import type { Tone } from 'headway-react';
import { count, sentence, span, toneOf } from 'headway-react/words';
import { useMemo } from 'react';
import type { ReactElement } from 'react';

import { pathOf } from '../../address.js';
import { useApplications } from '../../applications.js';
import { useCalm } from '../../calm.js';
import { Link } from '../../shell/link.js';
import styles from './applications.module.css';

/** More would push the activity off the screen; what is not well comes first. */
const MOST = 8;
const ORDER: readonly Tone[] = ['bad', 'warn', 'calm', 'busy', 'good'];

interface Application {
  readonly id: string;
  readonly name: string;
  readonly environment: string | undefined;
  readonly tone: Tone;
  readonly status: string;
  /** Milliseconds. */
  readonly took: number | undefined;
}

/** How the applications under watch are, where any are told of. */
export function Applications(): ReactElement | null {
  const { channel } = useApplications();
  const { state } = useCalm(useChannel(channel, { keep: 0 }));
  const all = useMemo(() => [...state.values()].flatMap(applicationOf).sort(worstFirst), [state]);
  if (channel === undefined || all.length === 0) {
    return null;
  }
  const well = all.filter(({ tone }) => tone === 'good').length;
  return (
    <section className="card" aria-labelledby="applications">
      <div className={styles['head']}>
        <h2 id="applications">
          <Link to={pathOf('channels', channel)}>Applications</Link>
        </h2>
        <span className="soft small numbers">
          {count(well)} of {count(all.length)} well
        </span>
      </div>
      <ul className={styles['list']}>
        {all.slice(0, MOST).map(({ id, name, environment, tone, status, took }) => (
          <li key={id} data-tone={tone}>
            <Glyph tone={tone} />
            <span className={styles['name']}>
              {name} <span className="soft small">{environment}</span>
            </span>
            <span className={styles['status']}>{sentence(status)}</span>
            <span className="soft small numbers">{took === undefined ? '–' : span(took)}</span>
          </li>
        ))}
      </ul>
      {all.length > MOST && <p className="soft small">and {count(all.length - MOST)} more</p>}
    </section>
  );
}

type Told = ReturnType<typeof useChannel>['events'][number];

function applicationOf(event: Told): readonly Application[] {
  const { id, name, displayName, environment, status, responseTime } = event;
  if (event.type !== 'applicationStatusUpdate' || typeof id !== 'string' || typeof status !== 'string') {
    return [];
  }
  return [
    {
      id,
      name: typeof displayName === 'string' && displayName !== '' ? displayName : typeof name === 'string' ? name : id,
      environment: typeof environment === 'string' ? environment : undefined,
      tone: toneOf(status),
      status,
      took: typeof responseTime === 'number' ? responseTime : undefined,
    },
  ];
}

function worstFirst(one: Application, other: Application): number {
  return ORDER.indexOf(one.tone) - ORDER.indexOf(other.tone) || one.name.localeCompare(other.name);
}

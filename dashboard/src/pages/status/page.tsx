/**
 * The public status page: for everybody, signed in or not. It knows what `GET /api/status` says and asks for nothing
 * else; no connection is opened, since who is not signed in has none.
 */
import { useQuery } from '@tanstack/react-query';
import { Glyph } from 'headway-react';
import type { Tone } from 'headway-react';
import { useEffect } from 'react';
import type { ReactElement } from 'react';

import { BASE, href } from '../../address.js';
import { Scheme } from '../../shell/scheme.js';
import { ago, dateOf, percentWords, statusWords } from '../monitor/words.js';
import styles from './page.module.css';

const EVERY_MS = 30_000;
const DAYS = 90;
const DAY_MS = 86_400_000;

interface Shown {
  readonly name: string;
  readonly displayName: string;
  readonly category: string;
  readonly status: string;
  readonly message: string;
  readonly uptime: Readonly<Record<string, number | null>>;
  readonly incident: { readonly began: number | null } | null;
  /** In percent, the oldest first. */
  readonly days: readonly (number | null)[] | null;
}

interface Status {
  readonly title: string;
  readonly status: string;
  readonly time: number;
  readonly applications: readonly Shown[];
}

export default function StatusPage(): ReactElement {
  const { data, error, dataUpdatedAt } = useQuery<Status, Error>({ queryKey: ['status'], queryFn: asked, refetchInterval: EVERY_MS });
  const title = data?.title ?? 'Status';
  useEffect(() => {
    document.title = data === undefined ? title : `${overallOf(data)[0]} · ${title}`;
  }, [data, title]);
  return (
    <div className={styles['page']}>
      <header className={styles['head']}>
        <h1>{title}</h1>
        <Scheme />
      </header>
      <main className={styles['main']}>{data !== undefined ? <Told status={data} old={error !== null} asked={dataUpdatedAt} /> : error === null ? <p className="soft">Asking…</p> : <Missing error={error} />}</main>
      <footer className="soft small">
        <a href={href('/')}>Headway</a>
      </footer>
    </div>
  );
}

async function asked(): Promise<Status> {
  const answer = await fetch(new URL('api/status', BASE));
  if (answer.status === 404) {
    throw new Nothing('there is no public status page here');
  }
  if (!answer.ok) {
    throw new Error(`the server answered ${answer.status}`);
  }
  return (await answer.json()) as Status;
}

class Nothing extends Error {}

function Missing({ error }: { readonly error: Error }): ReactElement {
  return (
    <div className="card" role="alert">
      <h2>{error instanceof Nothing ? 'There is no status page here' : 'The status is not known'}</h2>
      <p className="soft">{error instanceof Nothing ? 'Whoever runs this server has not made one public.' : 'The server was not reached. This page tries again by itself.'}</p>
    </div>
  );
}

function overallOf({ status, applications }: Status): readonly [string, Tone] {
  const bad = applications.filter((one) => one.status === 'error').length;
  switch (status) {
    case 'error':
      return [bad === applications.length ? 'Nothing works at the moment' : `${bad === 1 ? 'One application does' : `${bad} applications do`} not work`, 'bad'];
    case 'warning':
      return ['All works, and not all as well as it should', 'warn'];
    case 'maintenance':
      return ['All works, and something is being worked on', 'busy'];
    case 'healthy':
      return ['All works', 'good'];
    default:
      return ['Nothing is known at the moment', 'calm'];
  }
}

function Told({ status, old, asked: at }: { readonly status: Status; readonly old: boolean; readonly asked: number }): ReactElement {
  const [sentence, tone] = overallOf(status);
  const open = status.applications.filter(({ incident }) => incident !== null);
  const categories = [...new Set(status.applications.map(({ category }) => category))];
  return (
    <>
      <div className={styles['overall']} data-tone={tone} role="status">
        <Glyph tone={tone} />
        <h2>{sentence}</h2>
        <p>
          {old ? 'The server does not answer now. ' : ''}As of {dateOf(at / 1_000)}
        </p>
      </div>
      {open.length > 0 && (
        <section className="card" aria-labelledby="open">
          <h2 id="open">Open incidents</h2>
          <ul className={styles['incidents']}>
            {open.map(({ name, displayName, incident, message }) => (
              <li key={name} data-tone="bad">
                <Glyph tone="bad" />
                <span>
                  <b>{displayName}</b> <span className="soft">since {dateOf(incident?.began)}, {ago(incident?.began, at)}</span>
                  <br />
                  {message}
                </span>
              </li>
            ))}
          </ul>
        </section>
      )}
      {status.applications.length === 0 && <p className="soft">Nothing is shown here yet.</p>}
      {categories.map((category) => (
        <section key={category} className="card" aria-label={category || 'Applications'}>
          {category !== '' && <h2>{category}</h2>}
          <ul className={styles['applications']}>
            {status.applications
              .filter((one) => one.category === category)
              .map((one) => (
                <One key={one.name} application={one} />
              ))}
          </ul>
        </section>
      ))}
    </>
  );
}

function One({ application: { name, displayName, status, message, uptime, days } }: { readonly application: Shown }): ReactElement {
  const [word, tone] = statusWords(status);
  return (
    <li data-application={name}>
      <div className={styles['line']}>
        <h3>{displayName}</h3>
        <span className={styles['word']} data-tone={tone} title={message}>
          <Glyph tone={tone} />
          {word}
        </span>
      </div>
      {days !== null && <Bars name={displayName} days={days} />}
      <p className={styles['below']}>
        <span>{days === null ? '' : `${DAYS} days ago`}</span>
        <span>{percentWords(uptime['90d'] ?? uptime['30d'])} up</span>
        <span>{days === null ? '' : 'today'}</span>
      </p>
    </li>
  );
}

/** Ninety bars; for who does not see them, the days on which something was wrong as a sentence. */
function Bars({ name, days }: { readonly name: string; readonly days: readonly (number | null)[] }): ReactElement {
  const shown = [...Array.from<null>({ length: Math.max(0, DAYS - days.length) }).fill(null), ...days.slice(-DAYS)];
  const date = (index: number): string => {
    const day = new Date(Date.now() - (DAYS - 1 - index) * DAY_MS);
    return `${day.getDate()} ${day.toLocaleDateString('en', { month: 'short' })}`;
  };
  const wrong = shown.flatMap((up, index) => (up !== null && up < FULL ? [`${date(index)} ${percentWords(up)}`] : []));
  const said = shown.every((up) => up === null) ? `Of ${name} nothing is known yet` : wrong.length === 0 ? `${name} was up on all days that are known` : `${name} was not always up: ${wrong.join(', ')}`;
  return (
    <div className={styles['bars']} role="img" aria-label={said}>
      {shown.map((up, index) => (
        <i key={index} data-level={levelOf(up)} title={`${date(index)}: ${up === null ? 'not known' : `${percentWords(up)} up`}`} />
      ))}
    </div>
  );
}

const FULL = 99.99;
const MOST = 99;

function levelOf(up: number | null): string {
  return up === null ? 'none' : up >= FULL ? 'full' : up >= MOST ? 'most' : 'bad';
}

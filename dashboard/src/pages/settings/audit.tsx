import { Button } from '@mantine/core';
import { Glyph } from 'headway-react';
import type { Tone } from 'headway-react';
import { count, sentence } from 'headway-react/words';
import { useState } from 'react';
import type { ReactElement } from 'react';

import styles from './page.module.css';
import { useTrail } from './trail.js';
import type { Entry } from './trail.js';
import { dateOf, saidBy } from './words.js';

const TONES: Readonly<Record<string, Tone>> = {
  sign_in_failed: 'bad',
  revoked: 'warn',
  cancelled: 'warn',
  users_changed: 'warn',
  ended: 'warn',
};

/** Who did what, to what, when, from where: as it happens. */
export function Audit(): ReactElement {
  const { entries, known, live, error, more, older } = useTrail();
  const [action, setAction] = useState('');
  const [text, setText] = useState('');
  const word = text.trim().toLowerCase();
  const actions = [...new Set([...entries.map((one) => one.action), ...(action === '' ? [] : [action])])].sort();
  const shown = entries.filter((one) => (action === '' || one.action === action) && wordsOf(one).includes(word));
  return (
    <section className="card" aria-labelledby="audit">
      <div className="card-head">
        <div>
          <h2 id="audit">Audit trail</h2>
          <p className={styles['live']} data-tone={live ? 'good' : 'calm'} role="status">
            <Glyph tone={live ? 'good' : 'calm'} /> {live ? 'Live' : known ? 'Not live: trying again' : 'Asking…'}
          </p>
        </div>
        <div className={styles['filters']}>
          <label className={styles['field']}>
            <span className="unseen">Action</span>
            <select value={action} onChange={(event) => setAction(event.currentTarget.value)}>
              <option value="">All actions</option>
              {actions.map((one) => (
                <option key={one} value={one}>
                  {sentence(one)}
                </option>
              ))}
            </select>
          </label>
          <label className={styles['field']}>
            <span className="unseen">Find in the trail</span>
            <input type="search" placeholder="User, target or address" value={text} autoComplete="off" spellCheck={false} onChange={(event) => setText(event.currentTarget.value)} />
          </label>
        </div>
      </div>
      {error !== undefined && (
        <p role="alert" data-tone="bad" className={styles['outcome']}>
          <Glyph tone="bad" /> <span>{saidBy(error)}</span>
        </p>
      )}
      {known && error === undefined && entries.length === 0 && <p className="soft">Nobody has done anything yet that is written down: signing in, publishing under a name, controlling a task, sharing, revoking.</p>}
      {known && entries.length > 0 && shown.length === 0 && <p className="soft">None of the {count(entries.length)} entries here is like that.</p>}
      {shown.length > 0 && (
        <div className={styles['scroll']} role="region" aria-label="Audit trail, as a table" tabIndex={0}>
          <table className={styles['table']}>
            <thead>
              <tr>
                <th scope="col">When</th>
                <th scope="col">Who</th>
                <th scope="col">Did</th>
                <th scope="col">To</th>
                <th scope="col">From</th>
              </tr>
            </thead>
            <tbody>
              {shown.map((one) => (
                <Row key={one.position} one={one} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      <div className={styles['buttons']}>
        {more && (
          <Button variant="default" onClick={() => void older()}>
            Show older ones
          </Button>
        )}
        <p className="soft small" role="status">
          {known && entries.length > 0 ? `${count(shown.length)} shown of ${count(entries.length)}` : ''}
        </p>
      </div>
    </section>
  );
}

function Row({ one }: { readonly one: Entry }): ReactElement {
  const tone = TONES[one.action] ?? 'calm';
  return (
    <tr>
      <td data-label="When" className="numbers">
        <time dateTime={one.timestamp} title={one.timestamp}>
          {dateOf(Date.parse(one.timestamp))}:{one.timestamp.slice(17, 19)}
        </time>
      </td>
      <td data-label="Who">{one.user ?? <span className="soft">nobody known</span>}</td>
      <td data-label="Did">
        <span className={styles['live']} data-tone={tone}>
          <Glyph tone={tone} /> {sentence(one.action)}
        </span>
        <span className={styles['below']}>{detailOf(one)}</span>
      </td>
      <td data-label="To">{one.target === null ? <span className="soft">–</span> : <code>{one.target}</code>}</td>
      <td data-label="From" className="soft">
        {one.address ?? '–'}
      </td>
    </tr>
  );
}

/** What an entry says beside who, what and where. */
function detailOf(one: Entry): string {
  const { count: many, what, fields, transport } = one;
  if (typeof many === 'number') {
    return `${count(many)} ${many === 1 ? 'event' : 'events'}`;
  }
  if (typeof what === 'string') {
    return Array.isArray(fields) ? `${what}: ${fields.join(', ')}` : what;
  }
  return typeof transport === 'string' ? transport : '';
}

function wordsOf(one: Entry): string {
  return [one.user, one.target, one.address, detailOf(one)].filter(Boolean).join('\n').toLowerCase();
}

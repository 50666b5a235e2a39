/** The connections that are open: the oldest first, or by another column. Each can be ended; its reader comes back. */
import { HeadwayError } from 'headway-client';
import { Glyph, useHeadway } from 'headway-react';
import { count, duration, rate } from 'headway-react/words';
import { useEffect, useRef, useState } from 'react';
import type { ReactElement } from 'react';

import { pathOf } from '../../address.js';
import { queries } from '../../records.js';
import { Link } from '../../shell/link.js';
import { tell } from '../../shell/notices.js';
import { behindOf, bytes, standingOf, transportName } from './records.js';
import type { Connections, OpenConnection } from './records.js';
import styles from './table.module.css';

const PATIENCE_MS = 5_000;
/** Channels named in a row; the others open below it. */
const NAMED = 2;
/** Rows at once; a filter finds the others. */
const ROWS = 100;

interface Rates {
  /** A second. */
  readonly told: number;
  readonly said: number;
}

export interface OpenProps {
  readonly found: Connections | undefined;
  /** When it was found, in ms. */
  readonly at: number;
}

export function Open({ found, at }: OpenProps): ReactElement {
  const [text, setText] = useState('');
  const rates = useRates(found, at);
  const matching = (found?.connections ?? []).filter((one) => matches(one, text.trim().toLowerCase()));
  const shown = matching.slice(0, ROWS);
  return (
    <section className="card" aria-labelledby="open">
      <div className="card-head">
        <h2 id="open">Open connections</h2>
        <label className={styles['field']}>
          <span className="unseen">Find a connection</span>
          <input type="search" placeholder="User, address, transport or channel" value={text} autoComplete="off" spellCheck={false} onChange={(event) => setText(event.currentTarget.value)} />
        </label>
      </div>
      <div className={styles['scroll']} role="region" aria-label="Open connections, as a table" tabIndex={0}>
        <table className={styles['table']}>
          <thead>
            <tr>
              <th scope="col">Who</th>
              <th scope="col">Transport</th>
              <th scope="col">State</th>
              <th scope="col" className={styles['number']}>Since</th>
              <th scope="col">Channels</th>
              <th scope="col" className={styles['number']}>Behind</th>
              <th scope="col" className={styles['number']}>Told</th>
              <th scope="col" className={styles['number']}>Said</th>
              <th scope="col">
                <span className="unseen">Actions</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {shown.map((one) => (
              <Row key={one.id} one={one} rates={rates.get(one.id)} />
            ))}
          </tbody>
        </table>
      </div>
      <p className="soft small" role="status">
        {saying(found, matching.length, shown.length, text)}
      </p>
    </section>
  );
}

function saying(found: Connections | undefined, matching: number, shown: number, text: string): string {
  if (found === undefined) {
    return 'Asking…';
  }
  if (found.total === 0) {
    return 'Nobody is connected.';
  }
  if (text.trim() !== '' && matching === 0) {
    return 'No connection is like that.';
  }
  const beyond = found.total - found.connections.length;
  const more = matching > shown ? ` of ${count(matching)}; the search finds the others` : '';
  return `${count(shown)} shown${more}${beyond > 0 ? `. ${count(beyond)} more are not listed` : ''}`;
}

function matches(one: OpenConnection, text: string): boolean {
  const words = [one.user ?? 'anonymous', one.address ?? '', transportName(one.transport), ...Object.keys(one.channels)];
  return text === '' || words.some((word) => word.toLowerCase().includes(text));
}

function Row({ one, rates }: { readonly one: OpenConnection; readonly rates: Rates | undefined }): ReactElement {
  const [tone, word] = standingOf(one);
  const behind = behindOf(one);
  return (
    <tr>
      <th scope="row">
        {one.user ?? <span className="soft">anonymous</span>}
        <span className={styles['below']}>{one.address ?? ''}</span>
      </th>
      <td data-label="Transport">{transportName(one.transport)}</td>
      <td data-label="State">
        <span className={styles['state']} data-tone={tone}>
          <Glyph tone={tone} /> {word}
        </span>
        {one.buffered_bytes > 0 && <span className={styles['below']}>{bytes(one.buffered_bytes)} wait</span>}
      </td>
      <td data-label="Since" className={styles['number']} title={new Date(one.since).toLocaleString('en')}>
        {duration(one.seconds)}
      </td>
      <td data-label="Channels">
        <Channels one={one} />
      </td>
      <td data-label="Behind" className={styles['number']} data-tone={behind === 0 ? undefined : 'warn'}>
        {behind === undefined ? '–' : count(behind)}
      </td>
      <td data-label="Told" className={styles['number']}>
        {rates === undefined ? '–' : rate(rates.told, undefined)}
        <span className={styles['below']}>{count(one.events)} in all</span>
      </td>
      <td data-label="Said" className={styles['number']}>
        {rates === undefined ? '–' : rate(rates.said, undefined)}
        <span className={styles['below']}>{count(one.messages)} in all</span>
      </td>
      <td className={styles['actions']}>
        <End one={one} />
      </td>
    </tr>
  );
}

function Channels({ one }: { readonly one: OpenConnection }): ReactElement {
  const names = Object.keys(one.channels);
  if (names.length === 0) {
    return <span className="soft">none</span>;
  }
  const linked = (name: string): ReactElement => (
    <li key={name}>
      <Link to={pathOf('channels', name)}>{name}</Link>
      {(one.channels[name]?.behind ?? 0) > 0 && <span className="soft small"> {count(one.channels[name]?.behind ?? 0)} behind</span>}
    </li>
  );
  return (
    <>
      <ul className={styles['names']}>{names.slice(0, NAMED).map(linked)}</ul>
      {names.length > NAMED && (
        <details>
          <summary className="small">{count(names.length - NAMED)} more</summary>
          <ul className={styles['names']}>{names.slice(NAMED).map(linked)}</ul>
        </details>
      )}
    </>
  );
}

/** Ends it when it is said twice. */
function End({ one }: { readonly one: OpenConnection }): ReactElement {
  const client = useHeadway();
  const [step, setStep] = useState<'ready' | 'sure' | 'asking'>('ready');
  const who = `${one.user ?? 'anonymous'}, ${transportName(one.transport)}`;
  const end = async (): Promise<void> => {
    setStep('asking');
    try {
      await client.command(`api/debug/connections/${one.id}/end`, { patience: PATIENCE_MS });
      tell({ tone: 'good', title: 'Connection ended', detail: `Of ${who}. Its reader comes back to where it was.` });
    } catch (error) {
      const detail = error instanceof HeadwayError ? error.message : String(error);
      tell({ tone: 'bad', title: 'Connection not ended', detail });
    }
    setStep('ready');
    void queries.invalidateQueries({ predicate: ({ queryKey: [path] }) => String(path).startsWith('api/debug/connections') });
  };
  return (
    <button
      type="button"
      className="quiet-button"
      data-sure={step === 'sure'}
      aria-label={step === 'sure' ? `Really end the connection of ${who}` : `End the connection of ${who}`}
      aria-disabled={step === 'asking'}
      onClick={() => (step === 'sure' ? void end() : step === 'ready' && setStep('sure'))}
      onBlur={() => setStep((now) => (now === 'sure' ? 'ready' : now))}
    >
      {step === 'ready' ? 'End' : step === 'sure' ? 'Really end' : 'Ending…'}
    </button>
  );
}

/** What was told to and said by each connection between the last two looks, a second. */
function useRates(found: Connections | undefined, at: number): ReadonlyMap<number, Rates> {
  const [rates, setRates] = useState<ReadonlyMap<number, Rates>>(new Map());
  const before = useRef<{ readonly at: number; readonly found: Connections }>(undefined);
  useEffect(() => {
    const last = before.current;
    if (found === undefined || last?.at === at) {
      return;
    }
    before.current = { at, found };
    if (last === undefined) {
      return;
    }
    const known = new Map(last.found.connections.map((one) => [one.id, one]));
    const seconds = (at - last.at) / 1_000;
    const next = new Map<number, Rates>();
    for (const one of found.connections) {
      const then = known.get(one.id);
      // A channel that is left takes its events along; another life of the server may have given the id to somebody else.
      if (then !== undefined && then.since === one.since) {
        next.set(one.id, {
          told: Math.max(0, one.events + one.answers - then.events - then.answers) / seconds,
          said: Math.max(0, one.messages - then.messages) / seconds,
        });
      }
    }
    setRates(next);
  }, [found, at]);
  return rates;
}

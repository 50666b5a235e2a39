/** Which channels there are, how far each is, and who reads. */
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import type { HeadwayError } from 'headway-client';
import { Glyph, useHeadway } from 'headway-react';
import { count, rate } from 'headway-react/words';
import { useDeferredValue, useRef, useState } from 'react';
import type { FormEvent, ReactElement } from 'react';

import { BASE, go, pathOf } from '../../address.js';
import { Icon } from '../../icons.js';
import { Copy } from '../../shell/copy.js';
import { Link } from '../../shell/link.js';
import styles from './browse.module.css';
import { said } from './position.js';

interface Entry {
  readonly channel: string;
  readonly position: string;
  readonly offset: number;
  readonly readers: number;
}

interface Browsed {
  readonly channels: readonly Entry[];
  readonly next: string | null;
}

const EVERY_MS = 2_000;
const PATIENCE_MS = 3_000;
const STEP = 100;
/** As many as the server gives at once, and more than anybody reads: then a filter is of more use. */
const MOST = 1_000;

export function Browse(): ReactElement {
  const client = useHeadway();
  const [text, setText] = useState('');
  const [limit, setLimit] = useState(STEP);
  const wanted = useDeferredValue(text.trim());
  const path = `api/channels?${new URLSearchParams({ name: wanted, limit: String(limit) })}`;
  const { data, error, dataUpdatedAt } = useQuery<Browsed, HeadwayError>({
    queryKey: [path],
    queryFn: async () => (await client.command(path, { method: 'GET', patience: PATIENCE_MS })) as Browsed,
    refetchInterval: EVERY_MS,
    // What was shown stays until there is something else: a list that vanishes with every letter cannot be read.
    placeholderData: keepPreviousData,
  });
  const paces = usePaces(data?.channels, dataUpdatedAt);
  const entries = data?.channels ?? [];
  const exact = text.trim() === '' || entries.some(({ channel }) => channel === text.trim());
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const only = entries.length === 1 ? entries[0]?.channel : undefined;
    const name = exact ? text.trim() : (only ?? text.trim());
    if (name !== '') {
      go(pathOf('channels', name));
    }
  };
  return (
    <div className={styles['browse']}>
      <header className={styles['head']}>
        <div>
          <h1>Channels</h1>
          <p className="soft small" role="status">
            {data === undefined ? 'Asking…' : saidOf(entries.length, data.next !== null, wanted)}
          </p>
        </div>
        <form role="search" className={styles['search']} onSubmit={submit}>
          <label htmlFor="channel-filter" className="unseen">
            Filter by name
          </label>
          <Icon name="search" size={18} />
          <input
            id="channel-filter"
            type="search"
            placeholder="Filter by name"
            maxLength={255}
            autoComplete="off"
            spellCheck={false}
            value={text}
            onChange={(event) => {
              setText(event.currentTarget.value);
              setLimit(STEP);
            }}
          />
        </form>
      </header>
      {error !== null && (
        <p className={`card ${styles['refused']}`} role="alert" data-tone="bad">
          <Glyph tone="bad" /> The channels cannot be read: {said(error)}
        </p>
      )}
      {!exact && (
        <p className="small">
          <Link to={pathOf('channels', text.trim())}>Open “{text.trim()}”</Link>{' '}
          <span className="soft">by its name: it may be one that nothing was published to yet.</span>
        </p>
      )}
      {data !== undefined && entries.length === 0 && wanted === '' && <Nothing />}
      {entries.length > 0 && (
        <div className={`card ${styles['frame']}`}>
          <table className={styles['table']}>
            <caption className="unseen">Channels by name</caption>
            <thead>
              <tr>
                <th scope="col">Channel</th>
                <th scope="col">Events</th>
                <th scope="col">Rate</th>
                <th scope="col">Readers</th>
              </tr>
            </thead>
            <tbody>
              {entries.map(({ channel, offset, position, readers }) => {
                const pace = paces.get(channel) ?? 0;
                return (
                  <tr key={channel}>
                    <th scope="row">
                      <Link to={pathOf('channels', channel)}>{channel}</Link>
                    </th>
                    <td title={`The newest is at ${position}`}>
                      {count(offset)}
                      <span className={styles['unit']}> events</span>
                    </td>
                    <td data-idle={pace === 0}>{pace === 0 ? '–' : rate(pace, undefined)}</td>
                    <td data-idle={readers === 0}>
                      {count(readers)}
                      <span className={styles['unit']}> {readers === 1 ? 'reader' : 'readers'}</span>
                    </td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </div>
      )}
      {data != null && data.next !== null && limit < MOST && (
        <button type="button" className="quiet-button" onClick={() => setLimit(Math.min(MOST, limit + 3 * STEP))}>
          Show more channels
        </button>
      )}
    </div>
  );
}

function saidOf(many: number, more: boolean, text: string): string {
  const channels = `${count(many)} ${many === 1 ? 'channel' : 'channels'}`;
  const named = text === '' ? '' : ` with “${text}” in the name`;
  return more ? `The first ${channels}${named}; there are more` : `${many === 0 ? 'No channel' : channels}${named}`;
}

/** Events in a second, from one answer to the next. */
function usePaces(channels: readonly Entry[] | undefined, at: number): ReadonlyMap<string, number> {
  const seen = useRef<{ at: number; heads: Map<string, string>; paces: ReadonlyMap<string, number> }>({
    at: 0,
    heads: new Map(),
    paces: new Map(),
  });
  const before = seen.current;
  if (channels !== undefined && at > before.at) {
    const seconds = (at - before.at) / 1_000;
    const paces = new Map<string, number>();
    for (const { channel, position, offset } of channels) {
      const [epoch, earlier] = (before.heads.get(channel) ?? '').split('.');
      if (epoch === position.split('.')[0] && before.at > 0) {
        paces.set(channel, (offset - Number(earlier)) / seconds);
      }
    }
    seen.current = { at, heads: new Map(channels.map(({ channel, position }) => [channel, position])), paces };
  }
  return seen.current.paces;
}

function Nothing(): ReactElement {
  const code = `curl ${BASE.href}api/channels/nightly/events -d '{"type": "progress", "data": {"percent": 40}}'`;
  return (
    <section className={`card ${styles['nothing']}`} aria-labelledby="no-channels">
      <h2 id="no-channels">No channel holds anything yet</h2>
      <p className="soft">A channel begins with the first event that is published to it. From any program, for example:</p>
      <figure className={styles['snippet']}>
        <pre tabIndex={0}>
          <code>{code}</code>
        </pre>
        <Copy text={code} label="Copy the command" />
      </figure>
    </section>
  );
}

/**
 * One channel: its events beside its state, and one event in full. Where it begins stands in the address, so a page that
 * is loaded anew shows the same.
 */
import { Glyph, useChannel } from 'headway-react';
import { count } from 'headway-react/words';
import { useEffect, useRef, useState } from 'react';
import type { ReactElement } from 'react';

import { go, pathOf, usePlace } from '../../address.js';
import { covered } from '../../patterns.js';
import { useRecord } from '../../records.js';
import { useSession } from '../../session.js';
import { Link } from '../../shell/link.js';
import { Inspector } from './inspector.js';
import styles from './opened.module.css';
import { NEWEST, beginningOf, said, spelled } from './position.js';
import type { Beginning } from './position.js';
import { Publish } from './publish.js';
import { useRead } from './read.js';
import { Reading } from './reading.js';
import { EVERYTHING } from './row.js';
import type { Row } from './row.js';
import { Start } from './start.js';
import { State } from './state.js';
import { KEPT, Tail } from './tail.js';

interface Description {
  readonly position: string;
  readonly offset: number;
  readonly readers: number;
}

const EVERY_MS = 2_000;

export function Opened({ name }: { readonly name: string }): ReactElement {
  const { me } = useSession();
  const beginning = beginningOf(usePlace().search);
  const [filter, setFilter] = useState(EVERYTHING);
  const [row, setRow] = useState<Row>();
  const [again, setAgain] = useState(0);
  const view = useChannel(name, { keep: KEPT });
  // What is read then reaches to where the reader has begun, or beyond: between the two nothing is missing.
  const begun = useOnce(view.status === 'live');
  const read = useRead(name, beginning, begun, again);
  const begin = (next: Beginning): void => {
    setRow(undefined);
    setAgain(again + 1);
    go(`${pathOf('channels', name)}?${spelled(next)}`, { replace: true });
  };
  const events = { name, filter, changeFilter: setFilter, selected: row?.id, select: setRow };
  return (
    <div className={styles['opened']}>
      <header className={styles['head']}>
        <div className={styles['title']}>
          <p className="small">
            <Link to="/channels">Channels</Link> <span className="soft">/ Channel</span>
          </p>
          <h1>{name}</h1>
          <About name={name} />
        </div>
        <Start beginning={beginning} begin={begin} position={view.position} />
      </header>
      <div className={styles['columns']}>
        <div className={styles['column']}>
          {view.error !== undefined && <Refused text={`This channel cannot be followed: ${said(view.error)}`} />}
          {read.error !== null && <Refused text={`It cannot be read from there: ${said(read.error)}`} />}
          {read.data === undefined ? (
            read.error === null && view.error === undefined && <p className={`card soft ${styles['reading']}`}>{begun ? 'Reading the log…' : 'Connecting…'}</p>
          ) : 'since' in beginning && read.data.more ? (
            <Reading key={again} read={read.data} go={(since) => begin({ since })} live={() => begin({ last: NEWEST })} {...events} />
          ) : (
            <Tail key={again} view={view} read={read.data} {...events} />
          )}
        </div>
        <div className={styles['column']} hidden={view.error !== undefined}>
          <Beside row={row} close={() => setRow(undefined)} begin={(since) => begin({ since })} />
          <State state={view.state} selected={row?.id} select={setRow} />
          {covered(name, me.publish) && <Publish name={name} />}
        </div>
      </div>
    </div>
  );
}

/** Whether it was so at least once. */
function useOnce(now: boolean): boolean {
  const [ever, setEver] = useState(now);
  useEffect(() => setEver((before) => before || now), [now]);
  return ever;
}

function About({ name }: { readonly name: string }): ReactElement {
  const { data, error } = useRecord<Description>(`api/channels/${encodeURIComponent(name)}`, { every: EVERY_MS });
  if (data === undefined) {
    return <p className="soft small">{error?.message ?? 'Asking…'}</p>;
  }
  const { offset, readers, position } = data;
  return (
    <p className="soft small numbers">
      {count(offset)} {offset === 1 ? 'event' : 'events'} · {count(readers)} {readers === 1 ? 'reader' : 'readers'} · <span className="mono">{position}</span>
    </p>
  );
}

function Refused({ text }: { readonly text: string }): ReactElement {
  return (
    <p className={`card ${styles['refused']}`} role="alert" data-tone="bad">
      <Glyph tone="bad" /> {text}
    </p>
  );
}

interface BesideProps {
  readonly row: Row | undefined;
  readonly close: () => void;
  readonly begin: (since: string) => void;
}

/** What was chosen. On a phone it is below the list, and comes into sight. */
function Beside({ row, close, begin }: BesideProps): ReactElement {
  const place = useRef<HTMLDivElement>(null);
  const id = row?.id;
  useEffect(() => {
    if (id !== undefined) {
      place.current?.scrollIntoView({ block: 'nearest' });
    }
  }, [id]);
  return (
    <div ref={place} className={styles['beside']}>
      <Inspector row={row} close={close} begin={begin} />
    </div>
  );
}

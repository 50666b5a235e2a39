import { sentence } from 'headway-react/words';
import { useMemo } from 'react';
import type { ReactElement } from 'react';

import { Icon } from '../../icons.js';
import { CopyAs } from './copy-as.js';
import styles from './inspector.module.css';
import { Json } from './json.js';
import { earlier } from './position.js';
import { dataOf, reasonOf } from './row.js';
import type { EventRow, GapRow, Row } from './row.js';

/** How much comes before an event, for who begins there. */
const BEFORE = 20;

export interface InspectorProps {
  readonly row: Row | undefined;
  readonly close: () => void;
  /** Read on from a position. */
  readonly begin: (since: string) => void;
}

/** One event in full, or one gap. */
export function Inspector({ row, close, begin }: InspectorProps): ReactElement {
  return (
    <section className={`card ${styles['inspector']}`} aria-labelledby="inspector">
      <div className={styles['head']}>
        <h2 id="inspector">{row === undefined ? 'Event' : row.kind === 'gap' ? 'Gap' : `Event ${row.event.offset}`}</h2>
        {row !== undefined && (
          <button type="button" className="icon-button" aria-label="Close the event" onClick={close}>
            <Icon name="close" size={18} />
          </button>
        )}
      </div>
      {row === undefined && <p className="soft">Choose an event to see all of it.</p>}
      {row?.kind === 'event' && <EventInFull row={row} begin={begin} />}
      {row?.kind === 'gap' && <GapInFull row={row} />}
    </section>
  );
}

function EventInFull({ row: { event }, begin }: { readonly row: EventRow; readonly begin: (since: string) => void }): ReactElement {
  const text = useMemo(() => JSON.stringify(dataOf(event), null, 2), [event]);
  return (
    <>
      <dl className={styles['facts']}>
        <dt>Type</dt>
        <dd className="mono">{event.type}</dd>
        {event.key !== undefined && (
          <>
            <dt>Key</dt>
            <dd className="mono">{event.key}</dd>
          </>
        )}
        <dt>Position</dt>
        <dd className="mono">
          {event.position}
        </dd>
        <dt>Time</dt>
        <dd className="mono">{event.timestamp}</dd>
      </dl>
      <Json text={text} label={`Data of event ${event.offset}`} />
      <div className={styles['tools']}>
        <button type="button" className="quiet-button" onClick={() => begin(earlier(event.position, BEFORE))}>
          Read around it
        </button>
        <CopyAs text={() => event.position} name="position" />
        <CopyAs text={() => JSON.stringify(event, null, 2)} name="JSON" />
      </div>
    </>
  );
}

function GapInFull({ row: { gap } }: { readonly row: GapRow }): ReactElement {
  return (
    <>
      <p>{reasonOf(gap)}</p>
      <dl className={styles['facts']}>
        <dt>Reason</dt>
        <dd>{sentence(gap.reason)}</dd>
        <dt>Lost</dt>
        <dd>{gap.lost ?? 'not known'}</dd>
        <dt>From</dt>
        <dd className="mono">{gap.from === '' ? 'the beginning' : gap.from}</dd>
        <dt>To</dt>
        <dd className="mono">{gap.to}</dd>
      </dl>
      <p className="soft small">Behind it the state is told, so every key is as it is now; only what came between is missing.</p>
    </>
  );
}

/** All applications, live; the test run that goes on; what was tested last. */
import { Button } from '@mantine/core';
import { useMemo, useState } from 'react';
import type { ReactElement } from 'react';

import { go, usePlace } from '../../address.js';
import { useSession } from '../../session.js';
import { Link } from '../../shell/link.js';
import { useArranged, countsOf, fits } from './arranging.js';
import { Begin } from './begin.js';
import { Cards } from './cards.js';
import { Feed } from './feed.js';
import { Filters, Order, choiceOf } from './filters.js';
import { useFleet } from './fleet.js';
import type { Card } from './fleet.js';
import styles from './monitor.module.css';
import { Panel } from './panel.js';
import { Note, Places, useNow } from './parts.js';
import { useCurrentRun, useRunning } from './running.js';
import { many, runOf, saidBy } from './words.js';

export default function Monitor(): ReactElement {
  const { may } = useSession();
  const { cards, error } = useFleet();
  const [begun, setBegun] = useState<string>();
  const running = useRunning(useCurrentRun(begun));
  const { search } = usePlace();
  const these = useMemo(() => {
    const choice = choiceOf(search);
    const filtered = choice.status !== '' || choice.environment !== '' || choice.category !== '' || choice.tag !== '' || choice.q !== '';
    return filtered ? (cards ?? []).filter(({ application }) => fits(application, choice) && (choice.status === '' || application.status === choice.status)).map(({ application }) => application.id) : undefined;
  }, [cards, search]);
  return (
    <div className={styles['page']}>
      <header className={styles['head']}>
        <div className={styles['title']}>
          <h1>Monitor</h1>
          <Places at="applications" />
        </div>
        {may('operator') && <Begin these={these} begun={({ testRunId }) => setBegun(runOf(testRunId))} />}
      </header>
      {error !== null && (
        <Note tone="bad" alert>
          {cards === undefined ? 'The applications cannot be shown. ' : 'What is shown may be old. '}
          {saidBy(error)}
        </Note>
      )}
      <div className={styles['columns']}>
        <div className={styles['side']}>
          <Panel running={running} begun={({ testRunId }) => setBegun(runOf(testRunId))} />
          <Feed run={running.run} />
        </div>
        <div className={styles['main']}>{cards === undefined ? <Coming failed={error !== null} /> : cards.length === 0 ? <Empty /> : <Grid cards={cards} />}</div>
      </div>
    </div>
  );
}

function Grid({ cards }: { readonly cards: readonly Card[] }): ReactElement {
  const choice = choiceOf(usePlace().search);
  const now = useNow();
  const { cards: shown, left, moved, arrange } = useArranged(cards, choice);
  const counts = countsOf(cards.filter(({ application }) => fits(application, choice)));
  return (
    <>
      <Filters choice={choice} cards={cards} counts={counts} />
      <div className={styles['arranged']}>
        <p className="soft small numbers">
          {shown.length === cards.length ? many(cards.length, 'application') : `${shown.length} of ${many(cards.length, 'application')}`}
        </p>
        {/* It has its place also where there is nothing to sort. */}
        <button type="button" className="quiet-button" data-moved={moved} onClick={arrange}>
          Sort again: {moved} changed
        </button>
        <Order choice={choice} />
      </div>
      {shown.length === 0 ? <p className={styles['empty']}>No application is like that.</p> : <Cards cards={shown} left={left} now={now} />}
    </>
  );
}

/** In the places of cards, so that nothing jumps when they come. */
function Coming({ failed }: { readonly failed: boolean }): ReactElement {
  return (
    <div className={styles['coming']} role="status" aria-label={failed ? 'No applications' : 'The applications are asked for'}>
      {!failed && Array.from({ length: 6 }, (_, index) => <div key={index} aria-hidden="true" />)}
    </div>
  );
}

function Empty(): ReactElement {
  const { may } = useSession();
  return (
    <div className="card">
      <h2>No application is watched yet</h2>
      <p className="soft">An application is an address that is looked at every minute, and, where it has one, a login that is tried. Several can be taken from a YAML file, from Gatus or from Upptime.</p>
      {may('admin') && (
        <div className={styles['buttons']}>
          <Button onClick={() => go('/monitor/new')}>Add an application</Button>
          <Link to="/monitor/settings?part=exchange">Import</Link>
        </div>
      )}
    </div>
  );
}

import { Button } from '@mantine/core';
import { useState } from 'react';
import type { ReactElement } from 'react';

import { Link } from '../../../shell/link.js';
import { Badge } from '../../../tasks/badge.js';
import { Bar } from '../../../tasks/bar.js';
import { useAsk } from '../asking.js';
import styles from '../imports.module.css';
import { Note, Outcomes } from '../parts.js';
import type { Begun, Upload } from '../wire.js';
import { useWatched } from '../watching.js';
import type { Watched } from '../watching.js';
import { many, sameWork, saidBy } from '../words.js';
import { optionsOf } from './draft.js';
import type { Change, Draft } from './draft.js';

export interface DryRunProps {
  readonly draft: Draft;
  readonly change: Change;
  readonly upload: Upload | undefined;
}

/** A run that writes nothing, and counts what would become of each row. */
export function DryRun({ draft, change, upload }: DryRunProps): ReactElement {
  const ask = useAsk();
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<string>();
  const dry = useWatched(draft.dry);
  const begin = async (): Promise<void> => {
    setBusy(true);
    setRefusal(undefined);
    try {
      const { run } = await ask<Begun>('POST', ['runs'], optionsOf(draft, upload, true, null));
      change({ dry: run });
    } catch (error) {
      setRefusal(saidBy(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <section className="card" aria-labelledby="dry">
      <div className="card-head">
        <div>
          <h2 id="dry">Dry run</h2>
          <p className="soft small">Every row is looked at, and looked up at the target. Nothing is written there.</p>
        </div>
        <Button variant={draft.dry === undefined ? 'filled' : 'default'} loading={busy} onClick={() => void begin()}>
          {draft.dry === undefined ? 'Start the dry run' : 'Dry run again'}
        </Button>
      </div>
      {refusal !== undefined && (
        <Note tone="bad" alert>
          {refusal}
        </Note>
      )}
      {draft.dry !== undefined && <Counted dry={dry} id={draft.dry} draft={draft} upload={upload} />}
    </section>
  );
}

interface CountedProps {
  readonly dry: Watched;
  readonly id: string;
  readonly draft: Draft;
  readonly upload: Upload | undefined;
}

function Counted({ dry: { run, view, counts, ended, missing }, id, draft, upload }: CountedProps): ReactElement {
  const { task } = view;
  if (missing !== null && run === undefined) {
    return <Note tone="warn">The dry run is gone: {saidBy(missing)} Start it again.</Note>;
  }
  const stale = run !== undefined && !sameWork(run.options, optionsOf(draft, upload, true, null));
  return (
    <div className={styles['stack']}>
      <div className={styles['run-line']}>
        {task === undefined ? <span className="soft">Waits to be taken up…</span> : <Badge task={task} />}
        <Link to={`/imports/runs/${encodeURIComponent(id)}`} className="small">
          All of it
        </Link>
      </div>
      {task !== undefined && <Bar task={task} thick />}
      <Outcomes counts={counts} kind={draft.kind} dry big />
      {stale && <Note tone="warn">Something was changed since then: these numbers are of the rules before. Start it again.</Note>}
      {!stale && ended && run?.status === 'completed' && (
        <Note tone={(counts['failed'] ?? 0) > 0 ? 'warn' : 'good'}>
          {(counts['failed'] ?? 0) > 0 ? `${many(counts['failed'] ?? 0, 'row')} would fail. The run page shows which and why.` : 'No row would fail.'} Nothing was written.
        </Note>
      )}
      {task?.error !== undefined && (
        <Note tone="bad" alert>
          {task.error.message}
        </Note>
      )}
      {run?.question != null && (
        <Note tone="warn">
          It waits for an answer. <Link to={`/imports/runs/${encodeURIComponent(id)}`}>Answer it</Link>
        </Note>
      )}
      {run?.stopped != null && <Note tone="bad">{run.stopped.message}</Note>}
    </div>
  );
}

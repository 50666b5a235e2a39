/** Begin a test run: of all applications, or of those that are shown. */
import { Button } from '@mantine/core';
import { useState } from 'react';
import type { ReactElement } from 'react';

import { tell } from '../../shell/notices.js';
import { refresh, useAsk } from './asking.js';
import styles from './monitor.module.css';
import { KINDS } from './wire.js';
import type { Begun, Kind } from './wire.js';
import { kindWords, many, saidBy } from './words.js';

/** As the server has it where nobody says otherwise. */
export const PARALLEL = 5;
const PARALLEL_MOST = 50;

export interface BeginProps {
  /** Ids of those that are shown, where that is not all. */
  readonly these: readonly string[] | undefined;
  readonly begun: (run: Begun) => void;
}

export function Begin({ these, begun }: BeginProps): ReactElement {
  const ask = useAsk();
  const [kinds, setKinds] = useState<readonly Kind[]>(KINDS);
  const [parallel, setParallel] = useState(String(PARALLEL));
  const [busy, setBusy] = useState<'all' | 'these'>();
  const run = async (which: 'all' | 'these'): Promise<void> => {
    const at = Number(parallel);
    if (kinds.length === 0 || !Number.isInteger(at) || at < 1 || at > PARALLEL_MOST) {
      tell({ tone: 'bad', title: 'No run was started', detail: kinds.length === 0 ? 'Choose health checks, login tests or both.' : `Choose 1 to ${PARALLEL_MOST} at once.` });
      return;
    }
    setBusy(which);
    try {
      const body = { kinds, parallel: at, ...(which === 'these' ? { applications: these } : {}) };
      begun(await ask<Begun>('POST', ['tests', which === 'all' ? 'run-all' : 'run-apps'], body));
      void refresh('tests');
    } catch (error) {
      tell({ tone: 'bad', title: 'No run was started', detail: saidBy(error) });
    }
    setBusy(undefined);
  };
  const pick = (kind: Kind, on: boolean): void => setKinds(KINDS.filter((one) => (one === kind ? on : kinds.includes(one))));
  return (
    <div className={styles['begin']}>
      <Button loading={busy === 'all'} onClick={() => void run('all')}>
        Run all tests
      </Button>
      <Button variant="default" loading={busy === 'these'} disabled={these === undefined || these.length === 0} onClick={() => void run('these')}>
        {these === undefined || these.length === 0 ? 'Run these' : `Run these ${these.length}`}
      </Button>
      <details className={styles['options']}>
        <summary>Options</summary>
        <fieldset>
          <legend className="unseen">What is run</legend>
          {KINDS.map((kind) => (
            <label key={kind}>
              <input type="checkbox" checked={kinds.includes(kind)} onChange={({ currentTarget }) => pick(kind, currentTarget.checked)} /> {kindWords(kind)}s
            </label>
          ))}
          <label>
            <input type="number" min={1} max={PARALLEL_MOST} value={parallel} onChange={({ currentTarget }) => setParallel(currentTarget.value)} /> at once
          </label>
          <p className="soft small">{these === undefined ? 'Filter to run some of them.' : `The filter shows ${many(these.length, 'application')}.`}</p>
        </fieldset>
      </details>
    </div>
  );
}

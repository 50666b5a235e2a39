/** The buttons of a server for trying things on: there where it has the jobs behind them, which only the demo has. */
import { Button } from '@mantine/core';
import { useHeadway } from 'headway-react';
import { useState } from 'react';
import type { ReactElement } from 'react';

import { pathOf } from '../../address.js';
import { useRecord } from '../../records.js';
import { useSession } from '../../session.js';
import { tell } from '../../shell/notices.js';
import styles from './page.module.css';
import { PATIENCE_MS, saidBy } from './words.js';

const BUTTONS: readonly (readonly [job: string, label: string])[] = [
  ['simulate-test-run', 'Simulate test run'],
  ['simulate-status-update', 'Status update'],
  ['simulate-activity', 'Add activity'],
];

interface Jobs {
  readonly jobs: readonly { readonly name: string }[];
}

export function Simulator(): ReactElement | null {
  const client = useHeadway();
  const { may } = useSession();
  const { data } = useRecord<Jobs>('api/jobs', { when: may('operator') });
  const [asked, setAsked] = useState<string>();
  const names = new Set((data?.jobs ?? []).map(({ name }) => name));
  const there = BUTTONS.filter(([job]) => names.has(job));
  if (there.length === 0) {
    return null;
  }
  const simulate = async (job: string, label: string): Promise<void> => {
    setAsked(job);
    try {
      const { task } = (await client.command('api/tasks', { body: { job }, patience: PATIENCE_MS })) as { task: string };
      tell({ tone: 'good', title: `${label}: on its way`, to: pathOf('tasks', task) });
    } catch (error) {
      tell({ tone: 'bad', title: `${label}: refused`, detail: saidBy(error) });
    }
    setAsked(undefined);
  };
  return (
    <section className={`card ${styles['simulator']}`} aria-labelledby="simulator">
      <div>
        <h2 id="simulator">Simulator</h2>
        <p className="soft small">Only in the demo: makes something happen, as an application under watch would.</p>
      </div>
      <div className={styles['filters']}>
        {there.map(([job, label]) => (
          <Button key={job} variant="default" loading={asked === job} onClick={() => void simulate(job, label)}>
            {label}
          </Button>
        ))}
      </div>
    </section>
  );
}

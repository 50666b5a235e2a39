/** Maintenance windows: what happens in them alarms nobody and counts for no uptime. */
import { Button } from '@mantine/core';
import { useState } from 'react';
import type { ReactElement } from 'react';

import { useSession } from '../../../session.js';
import { tell } from '../../../shell/notices.js';
import { refresh, useAsk } from '../asking.js';
import styles from '../monitor.module.css';
import { Refusal, Sure } from '../parts.js';
import type { Application, Window } from '../wire.js';
import { saidBy, windowWords } from '../words.js';
import own from './upkeep.module.css';
import { WindowForm } from './window-form.js';

export function Upkeep({ application }: { readonly application: Application }): ReactElement {
  const { may } = useSession();
  const ask = useAsk();
  const [adding, setAdding] = useState(false);
  const [refusal, setRefusal] = useState<string>();
  const changes = may('admin') && application.managedBy !== 'file';
  const save = async (maintenance: readonly Window[], title: string): Promise<boolean> => {
    setRefusal(undefined);
    try {
      await ask('PATCH', ['applications', application.id], { maintenance });
      tell({ tone: 'good', title });
      await refresh('applications', application.id);
      return true;
    } catch (error) {
      setRefusal(saidBy(error));
      return false;
    }
  };
  return (
    <section className="card" aria-labelledby="maintenance">
      <div className="card-head">
        <h2 id="maintenance">Maintenance</h2>
        {changes && (
          <Button size="compact-sm" variant="default" aria-expanded={adding} onClick={() => setAdding(!adding)}>
            {adding ? 'Close' : 'Add a window'}
          </Button>
        )}
      </div>
      {application.status === 'maintenance' && <p>It is in maintenance now.</p>}
      {application.maintenance.length === 0 && !adding && <p className="soft">No window is planned.</p>}
      <ul className={own['windows']}>
        {application.maintenance.map((window, index) => (
          <li key={`${index} ${windowWords(window)}`}>
            <span>{windowWords(window)}</span>
            {changes && (
              <Sure
                label="Remove"
                of={windowWords(window)}
                act={async () => {
                  await save(
                    application.maintenance.filter((_, at) => at !== index),
                    'The window was removed',
                  );
                }}
              />
            )}
          </li>
        ))}
      </ul>
      {adding && (
        <WindowForm
          add={async (window) => {
            if (await save([...application.maintenance, window], 'A window was added')) {
              setAdding(false);
            }
          }}
        />
      )}
      <div className={styles['buttons']}>
        <Refusal text={refusal} />
      </div>
    </section>
  );
}

/** The address that begins a run after a deployment. Its token is shown once. */
import { Button } from '@mantine/core';
import { useState } from 'react';
import type { ReactElement } from 'react';

import { BASE } from '../../../address.js';
import { useRecord } from '../../../records.js';
import { Copy } from '../../../shell/copy.js';
import { tell } from '../../../shell/notices.js';
import { pathOf, refresh, useAsk } from '../asking.js';
import styles from '../monitor.module.css';
import { Note, Sure } from '../parts.js';
import { dateOf, saidBy } from '../words.js';

interface Hook {
  readonly url: string;
  readonly header: string;
  readonly createdAt: number | null;
}

export function Webhook(): ReactElement {
  const ask = useAsk();
  const { data, error } = useRecord<Hook>(pathOf('monitor', 'webhook'));
  const [token, setToken] = useState<string>();
  const make = async (): Promise<void> => {
    try {
      setToken((await ask<{ readonly token: string }>('POST', ['monitor', 'webhook'])).token);
    } catch (refusal) {
      tell({ tone: 'bad', title: 'No token was made', detail: saidBy(refusal) });
    }
    void refresh('monitor', 'webhook');
  };
  const remove = async (): Promise<void> => {
    try {
      await ask('DELETE', ['monitor', 'webhook']);
      setToken(undefined);
      tell({ tone: 'good', title: 'The token counts no more' });
    } catch (refusal) {
      tell({ tone: 'bad', title: 'The token was not removed', detail: saidBy(refusal) });
    }
    void refresh('monitor', 'webhook');
  };
  const there = data !== undefined && data.createdAt !== null;
  const address = data === undefined ? '' : new URL(data.url.replace(/^\//, ''), BASE).href;
  const line = `curl -X POST ${address} -H "${data?.header ?? ''}: $TOKEN" -d '{"environment": "production", "version": "1.2.3"}'`;
  return (
    <section className={`card ${styles['stack']}`} aria-labelledby="webhook">
      <h2 id="webhook">Run after a deployment</h2>
      {error !== null && (
        <Note tone="bad" alert>
          {saidBy(error)}
        </Note>
      )}
      <p className="soft">Whoever deploys sends a message here, and what was deployed is tested: an application, several, or all of an environment.</p>
      {data !== undefined && (
        <>
          <p>
            {there ? `A token was made ${dateOf(data.createdAt)}.` : 'There is no token, so nobody can begin a run this way.'}
          </p>
          {token !== undefined && (
            <Note tone="warn">
              <strong>Copy it now: it is not shown again.</strong>
              <code className={styles['secret']} data-token>
                {token}
              </code>
              <Copy text={token} label="Copy the token" />
            </Note>
          )}
          <div className={styles['buttons']}>
            {there ? <Sure label="Make another token" of="in place of the one that counts now" act={make} /> : <Button onClick={() => void make()}>Make a token</Button>}
            {there && <Sure label="Remove" of="the token" act={remove} />}
          </div>
          <details className={styles['more']}>
            <summary>How it is called</summary>
            <code className={styles['secret']}>{line}</code>
          </details>
        </>
      )}
    </section>
  );
}

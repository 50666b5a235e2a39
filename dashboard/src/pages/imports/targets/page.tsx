/** Where users are: regions, environments, credentials, and the populations there. */
import { Button } from '@mantine/core';
import { count } from 'headway-react/words';
import { useState } from 'react';
import type { ReactElement } from 'react';

import { usePlace } from '../../../address.js';
import { useSession } from '../../../session.js';
import { Link } from '../../../shell/link.js';
import { tell } from '../../../shell/notices.js';
import { Waiting } from '../../../shell/waiting.js';
import { refresh, useAsk, useTargets } from '../asking.js';
import styles from '../imports.module.css';
import { Note } from '../parts.js';
import type { Target, Tested } from '../wire.js';
import { dateOf, many, saidBy } from '../words.js';
import { Form } from './form.js';
import { Populations } from './populations.js';
import own from './targets.module.css';

export default function Targets(): ReactElement {
  const { may } = useSession();
  const { data, error } = useTargets();
  const wanted = new URLSearchParams(usePlace().search).get('target');
  const [adding, setAdding] = useState(false);
  return (
    <div className={styles['page']}>
      <header className={styles['head']}>
        <div className={styles['title']}>
          <p className="small">
            <Link to="/imports">Imports</Link> <span className="soft">/ Targets</span>
          </p>
          <h1>Targets</h1>
        </div>
        {may('admin') && (
          <Button variant={adding ? 'default' : 'filled'} aria-expanded={adding} onClick={() => setAdding(!adding)}>
            {adding ? 'Close' : 'Add a target'}
          </Button>
        )}
      </header>
      {adding && (
        <section className="card" aria-labelledby="add">
          <h2 id="add">A new target</h2>
          <Form target={undefined} done={() => setAdding(false)} />
        </section>
      )}
      {error !== null && (
        <Note tone="bad" alert>
          {saidBy(error)}
        </Note>
      )}
      {data === undefined && error === null && <Waiting />}
      {data?.targets.map((target) => (
        <One key={target.id} target={target} open={wanted === target.id || data.targets.length === 1} />
      ))}
    </div>
  );
}

function One({ target, open }: { readonly target: Target; readonly open: boolean }): ReactElement {
  const { may } = useSession();
  const ask = useAsk();
  const [changing, setChanging] = useState(false);
  const [sure, setSure] = useState(false);
  const [shown, setShown] = useState(open);
  const sandbox = target.kind === 'sandbox';
  const remove = async (): Promise<void> => {
    if (!sure) {
      setSure(true);
      return;
    }
    try {
      await ask('DELETE', ['targets', target.id]);
      tell({ tone: 'good', title: `${target.name} was removed` });
    } catch (error) {
      tell({ tone: 'bad', title: `${target.name} was not removed`, detail: saidBy(error) });
    }
    setSure(false);
    void refresh('targets');
  };
  return (
    <section className="card" aria-labelledby={`target-${target.id}`}>
      <div className="card-head">
        <h2 id={`target-${target.id}`}>
          {target.name} {target.environment_type === 'PRODUCTION' && <span className={styles['production-tag']}>production</span>}
        </h2>
        {may('admin') && !sandbox && (
          <div>
            <button type="button" className="quiet-button" aria-expanded={changing} aria-label={`${changing ? 'Close' : 'Change'} ${target.name}`} onClick={() => setChanging(!changing)}>
              {changing ? 'Close' : 'Change'}
            </button>
            <button type="button" className="quiet-button" data-sure={sure} aria-label={`${sure ? 'Really remove' : 'Remove'} ${target.name}`} onClick={() => void remove()} onBlur={() => setSure(false)}>
              {sure ? 'Really remove' : 'Remove'}
            </button>
          </div>
        )}
      </div>
      {changing ? <Form target={target} done={() => setChanging(false)} /> : <Facts target={target} />}
      <Test target={target} />
      <details className={own['populations']} open={shown} onToggle={({ currentTarget }) => setShown(currentTarget.open)}>
        <summary>Populations</summary>
        {shown && <Populations target={target} />}
      </details>
    </section>
  );
}

const SECRETS: Readonly<Record<string, string>> = { set: 'set; it is kept encrypted and never shown', none: 'not set' };

function Facts({ target }: { readonly target: Target }): ReactElement {
  const secret = target.secret.startsWith('env:') ? `from the variable ${target.secret.slice(4)}` : (SECRETS[target.secret] ?? 'set');
  const facts: readonly (readonly [string, string | null])[] = [
    ['Region', target.api === null ? target.region : null],
    ['Environment', target.environment_name === null ? target.environment : `${target.environment_name} (${target.environment})`],
    ['Kind of environment', target.environment_type === null ? 'not known: test the connection' : target.environment_type.toLowerCase()],
    ['Worker environment', target.worker_environment],
    ['Client id', target.kind === 'sandbox' ? null : masked(target.client_id)],
    ['Client secret', target.kind === 'sandbox' ? null : secret],
    ['Requests', target.rate === null ? null : `at most ${count(target.rate)} a second`],
    ['API', target.kind === 'sandbox' ? null : target.api],
    ['Token', target.kind === 'sandbox' ? null : target.auth],
    ['Tested', target.checked_at === null ? 'never' : dateOf(target.checked_at)],
  ];
  return (
    <>
      {target.kind === 'sandbox' && <p className="soft small">Built in: a server that behaves as PingOne does, with users that are made up. Nothing leaves this machine.</p>}
      <dl className={styles['facts']}>
        {facts.map(
          ([label, value]) =>
            value !== null && (
              <div key={label}>
                <dt>{label}</dt>
                <dd>{value}</dd>
              </div>
            ),
        )}
      </dl>
    </>
  );
}

/** An id is no secret; two of its ends are enough to know it again. */
function masked(id: string): string {
  return id.length <= 10 ? id : `${id.slice(0, 4)}…${id.slice(-4)}`;
}

function Test({ target }: { readonly target: Target }): ReactElement | null {
  const { may } = useSession();
  const ask = useAsk();
  const [busy, setBusy] = useState(false);
  const [result, setResult] = useState<Tested>();
  const [failure, setFailure] = useState<string>();
  if (!may('operator')) {
    return null;
  }
  const test = async (): Promise<void> => {
    setBusy(true);
    setResult(undefined);
    setFailure(undefined);
    try {
      setResult(await ask<Tested>('POST', ['targets', target.id, 'test']));
      void refresh('targets');
    } catch (error) {
      setFailure(saidBy(error));
    }
    setBusy(false);
  };
  return (
    <div className={own['test']}>
      <Button variant="default" loading={busy} onClick={() => void test()}>
        Test the connection
      </Button>
      <div role="status" className={own['tested']}>
        {result?.ok === true && (
          <Note tone="good">
            <strong>It works.</strong> {result.environment.name}, {result.environment.type.toLowerCase()}: {many(result.populations, 'population')}
            {result.identities === null ? '' : `, ${many(result.identities, 'user')}`}.{result.method === null ? '' : ` Signed in by ${result.method}.`}
          </Note>
        )}
        {result?.ok === false && (
          <Note tone="bad">
            <strong>It does not work.</strong> {saidBy(new Error(result.message))} <code>{result.code}</code>
            {result.correlation_id !== '' && <span className={styles['below']}>Correlation id {result.correlation_id}</span>}
          </Note>
        )}
        {failure !== undefined && <Note tone="bad">{failure}</Note>}
      </div>
    </div>
  );
}

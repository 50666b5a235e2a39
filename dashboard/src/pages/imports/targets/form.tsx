/** A target's settings. The secret goes one way: it is sent, and the field is emptied. */
import { Button } from '@mantine/core';
import { useRef, useState } from 'react';
import type { ReactElement } from 'react';

import { tell } from '../../../shell/notices.js';
import { refresh, useAsk, useRegions } from '../asking.js';
import styles from '../imports.module.css';
import type { Target } from '../wire.js';
import { saidBy } from '../words.js';

const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;
const FIELDS = ['name', 'region', 'environment', 'client_id', 'worker_environment', 'api', 'auth', 'rate'] as const;
type Field = (typeof FIELDS)[number];

export interface FormProps {
  /** Undefined: a new one. */
  readonly target: Target | undefined;
  readonly done: () => void;
}

export function Form({ target, done }: FormProps): ReactElement {
  const ask = useAsk();
  const regions = useRegions().data?.regions ?? [];
  const secret = useRef<HTMLInputElement>(null);
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<string>();
  const save = async (form: FormData): Promise<void> => {
    const body = bodyOf(form, target);
    const mistake = mistakeIn(form, body, target);
    setRefusal(mistake);
    if (mistake !== undefined) {
      return;
    }
    setBusy(true);
    try {
      const saved = await (target === undefined ? ask<Target>('POST', ['targets'], body) : ask<Target>('PATCH', ['targets', target.id], body));
      tell({ tone: 'good', title: target === undefined ? `${saved.name} was added` : `${saved.name} was changed`, detail: 'Test its connection next.' });
      void refresh('targets');
      done();
    } catch (error) {
      setRefusal(saidBy(error));
    } finally {
      // Whether it was taken or not: it is typed again, never kept.
      if (secret.current !== null) {
        secret.current.value = '';
      }
      setBusy(false);
    }
  };
  const text = (name: Field): string => String(target?.[name] ?? '');
  return (
    <form
      className={styles['form']}
      noValidate
      autoComplete="off"
      aria-label={target === undefined ? 'A new target' : `Change ${target.name}`}
      onSubmit={(event) => {
        event.preventDefault();
        if (!busy) {
          void save(new FormData(event.currentTarget));
        }
      }}
    >
      <label className={styles['field']}>
        <span>Name</span>
        <input name="name" defaultValue={text('name')} maxLength={100} autoComplete="off" />
        <span className="soft">As it is called here</span>
      </label>
      <label className={styles['field']}>
        <span>Region</span>
        <select name="region" key={regions.length} defaultValue={target?.region ?? regions[0]?.code}>
          {regions.map(({ code, name, tld }) => (
            <option key={code} value={code}>
              {name} (pingone.{tld})
            </option>
          ))}
        </select>
      </label>
      <label className={styles['field']}>
        <span>Environment id</span>
        <input name="environment" defaultValue={text('environment')} maxLength={64} spellCheck={false} autoComplete="off" />
        <span className="soft">Where the users are</span>
      </label>
      <label className={styles['field']}>
        <span>Client id</span>
        <input name="client_id" defaultValue={text('client_id')} maxLength={128} spellCheck={false} autoComplete="off" />
        <span className="soft">Of a worker application with the role Identity Data Admin</span>
      </label>
      <label className={styles['field']}>
        <span>{target === undefined ? 'Client secret' : 'New client secret'}</span>
        <input ref={secret} name="secret" type="password" maxLength={1_024} spellCheck={false} autoComplete="new-password" />
        <span className="soft">{target === undefined ? '' : 'Empty: it stays as it is. '}{'${env:NAME} takes it from a variable of the server'}</span>
      </label>
      <label className={styles['field']}>
        <span>Requests a second</span>
        <input name="rate" type="number" min={1} max={100} defaultValue={text('rate')} />
        <span className="soft">At most; it is lowered where PingOne asks for it</span>
      </label>
      <details className={styles['wide']} open={Boolean(target?.worker_environment ?? target?.api ?? target?.auth)}>
        <summary>More</summary>
        <div className={styles['form']}>
          <label className={styles['field']}>
            <span>Environment of the worker application</span>
            <input name="worker_environment" defaultValue={text('worker_environment')} maxLength={64} spellCheck={false} autoComplete="off" />
            <span className="soft">Empty: the same</span>
          </label>
          <label className={styles['field']}>
            <span>Address of the API</span>
            <input name="api" type="url" defaultValue={text('api')} maxLength={300} spellCheck={false} autoComplete="off" />
            <span className="soft">Empty: that of the region</span>
          </label>
          <label className={styles['field']}>
            <span>Address that gives tokens</span>
            <input name="auth" type="url" defaultValue={text('auth')} maxLength={300} spellCheck={false} autoComplete="off" />
            <span className="soft">Empty: that of the region</span>
          </label>
        </div>
      </details>
      <div className={styles['buttons']}>
        <Button type="submit" loading={busy}>
          {target === undefined ? 'Add' : 'Save'}
        </Button>
        <Button variant="default" onClick={done}>
          Cancel
        </Button>
        <p role="alert" className={styles['refused']} data-tone="bad">
          {refusal ?? ''}
        </p>
      </div>
    </form>
  );
}

/** What the form says; of a target that is there only what is different. */
function bodyOf(form: FormData, target: Target | undefined): Readonly<Record<string, unknown>> {
  const body: Record<string, unknown> = {};
  for (const name of FIELDS) {
    const text = String(form.get(name) ?? '').trim();
    const value = text === '' ? null : name === 'rate' ? Number(text) : text;
    if (target === undefined ? value !== null : value !== (target[name] ?? null)) {
      body[name] = value;
    }
  }
  const secret = String(form.get('secret') ?? '');
  return secret === '' ? body : { ...body, secret };
}

function mistakeIn(form: FormData, body: Readonly<Record<string, unknown>>, target: Target | undefined): string | undefined {
  const text = (name: string): string => String(form.get(name) ?? '').trim();
  if (text('name') === '') {
    return 'A target needs a name.';
  }
  if (!UUID.test(text('environment'))) {
    return 'The environment id is 32 digits and letters in five groups, as PingOne shows it under Environment, Properties.';
  }
  if (text('worker_environment') !== '' && !UUID.test(text('worker_environment'))) {
    return 'The id of the worker application\'s environment is 32 digits and letters in five groups.';
  }
  if ((text('api') === '') !== (text('auth') === '')) {
    return 'Both addresses are given, or none: then they are those of the region.';
  }
  if (text('client_id') === '') {
    return 'The client id is missing: it stands in PingOne with the worker application.';
  }
  if (target === undefined && text('secret') === '') {
    return 'The client secret is missing: it stands in PingOne with the worker application.';
  }
  return target !== undefined && Object.keys(body).length === 0 ? 'Nothing was changed.' : undefined;
}

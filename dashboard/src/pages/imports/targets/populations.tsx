import { Button } from '@mantine/core';
import { count } from 'headway-react/words';
import { useState } from 'react';
import type { ReactElement } from 'react';

import { useSession } from '../../../session.js';
import { tell } from '../../../shell/notices.js';
import { refresh, useAsk, usePopulations } from '../asking.js';
import styles from '../imports.module.css';
import { Note } from '../parts.js';
import type { Population, Target } from '../wire.js';
import { saidBy } from '../words.js';

export function Populations({ target }: { readonly target: Target }): ReactElement {
  const { may } = useSession();
  const { data, error } = usePopulations(target.id);
  return (
    <>
      {error !== null && <Note tone="bad">{saidBy(error)}</Note>}
      {data === undefined && error === null && <p className="soft">Asking…</p>}
      {data !== undefined && (
        <div className={styles['scroll']} role="region" aria-label={`Populations of ${target.name}, as a table`} tabIndex={0}>
          <table className={styles['table']}>
            <thead>
              <tr>
                <th scope="col">Population</th>
                <th scope="col">Users</th>
                <th scope="col">Id</th>
              </tr>
            </thead>
            <tbody>
              {data.populations.map((one) => (
                <tr key={one.id}>
                  <th scope="row">
                    {one.name} {one.default && <span className={styles['tag']}>default</span>}
                    <span className={styles['below']}>{one.description}</span>
                  </th>
                  <td data-label="Users" className="numbers">
                    {one.users === null ? '–' : count(one.users)}
                  </td>
                  <td data-label="Id">
                    <code className="soft">{one.id}</code>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {may('operator') && <Create target={target} />}
    </>
  );
}

function Create({ target }: { readonly target: Target }): ReactElement {
  const ask = useAsk();
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<string>();
  const create = async (form: HTMLFormElement): Promise<void> => {
    const fields = new FormData(form);
    const [name, description] = [String(fields.get('name') ?? '').trim(), String(fields.get('description') ?? '').trim()];
    if (name === '') {
      setRefusal('A population needs a name.');
      return;
    }
    setBusy(true);
    setRefusal(undefined);
    try {
      const made = await ask<Population>('POST', ['targets', target.id, 'populations'], { name, ...(description === '' ? {} : { description }) });
      tell({ tone: 'good', title: `The population ${made.name} was made` });
      form.reset();
      void refresh('targets', target.id, 'populations');
    } catch (error) {
      setRefusal(saidBy(error));
    }
    setBusy(false);
  };
  return (
    <form
      className={styles['form']}
      noValidate
      aria-label={`A new population of ${target.name}`}
      onSubmit={(event) => {
        event.preventDefault();
        if (!busy) {
          void create(event.currentTarget);
        }
      }}
    >
      <label className={styles['field']}>
        <span>Name of a new population</span>
        <input name="name" maxLength={256} autoComplete="off" />
      </label>
      <label className={styles['field']}>
        <span>Description</span>
        <input name="description" maxLength={1_000} autoComplete="off" />
      </label>
      <div className={styles['buttons']}>
        <Button type="submit" variant="default" loading={busy}>
          Create the population
        </Button>
        <p role="alert" className={styles['refused']} data-tone="bad">
          {refusal ?? ''}
        </p>
      </div>
    </form>
  );
}

/** Publish one event. What can be seen to be wrong is said before it is sent; the rest is the server's to say. */
import { Button } from '@mantine/core';
import { HeadwayError } from 'headway-client';
import type { Published } from 'headway-client';
import { Glyph, useHeadway } from 'headway-react';
import { count } from 'headway-react/words';
import { useId, useState } from 'react';
import type { FormEvent, ReactElement } from 'react';

import { said } from './position.js';
import styles from './publish.module.css';

const PATIENCE_MS = 5_000;
/** The event's own, as the protocol has them. */
const RESERVED = ['type', 'channel', 'offset', 'position', 'timestamp', 'key'];

type Outcome = { readonly tone: 'good' | 'bad'; readonly text: string; readonly field?: 'type' | 'data' };

export function Publish({ name }: { readonly name: string }): ReactElement {
  const client = useHeadway();
  const id = useId();
  const [type, setType] = useState('progress');
  const [key, setKey] = useState('');
  const [data, setData] = useState('{"percent": 40}');
  const [busy, setBusy] = useState(false);
  const [outcome, setOutcome] = useState<Outcome>();
  const publish = async (): Promise<void> => {
    const mistake = mistakeOf(type, data);
    if (mistake !== undefined) {
      setOutcome(mistake);
      return;
    }
    setBusy(true);
    try {
      const body = { type: type.trim(), ...(key === '' ? {} : { key }), data: JSON.parse(data.trim() || '{}') as unknown };
      const path = `api/channels/${encodeURIComponent(name)}/events`;
      const stored = (await client.command(path, { body, patience: PATIENCE_MS })) as Published;
      setOutcome({ tone: 'good', text: `Stored as event ${count(stored.offset)}.` });
    } catch (error) {
      setOutcome(refusalOf(error));
    } finally {
      setBusy(false);
    }
  };
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (!busy) {
      void publish();
    }
  };
  const wrong = (field: 'type' | 'data'): boolean => outcome?.field === field;
  return (
    <section className="card" aria-labelledby={`${id}title`}>
      <h2 id={`${id}title`}>Publish</h2>
      <form className={styles['form']} noValidate onSubmit={submit}>
        <label className={styles['field']}>
          <span>Type</span>
          <input value={type} maxLength={128} autoComplete="off" spellCheck={false} aria-invalid={wrong('type')} aria-describedby={`${id}outcome`} onChange={(event) => setType(event.currentTarget.value)} />
        </label>
        <label className={styles['field']}>
          <span>
            Key <span className="soft">(optional)</span>
          </span>
          <input value={key} maxLength={255} autoComplete="off" spellCheck={false} onChange={(event) => setKey(event.currentTarget.value)} />
        </label>
        <label className={`${styles['field']} ${styles['wide']}`}>
          <span>Data, a JSON object</span>
          <textarea value={data} rows={4} autoComplete="off" spellCheck={false} aria-invalid={wrong('data')} aria-describedby={`${id}outcome`} onChange={(event) => setData(event.currentTarget.value)} />
        </label>
        <div className={`${styles['end']} ${styles['wide']}`}>
          <Button type="submit" loading={busy}>
            Publish
          </Button>
          <p id={`${id}outcome`} role={outcome?.tone === 'bad' ? 'alert' : 'status'} data-tone={outcome?.tone} className={styles['outcome']}>
            {outcome !== undefined && <Glyph tone={outcome.tone} />}
            <span>{outcome?.text}</span>
          </p>
        </div>
      </form>
    </section>
  );
}

function mistakeOf(type: string, data: string): Outcome | undefined {
  if (type.trim() === '') {
    return { tone: 'bad', field: 'type', text: 'An event has a type, such as progress.' };
  }
  let given: unknown;
  try {
    given = JSON.parse(data.trim() || '{}');
  } catch (error) {
    const where = error instanceof Error ? error.message : String(error);
    return { tone: 'bad', field: 'data', text: `The data is not JSON: ${where}` };
  }
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    return { tone: 'bad', field: 'data', text: 'The data is an object, such as {"percent": 40}.' };
  }
  const reserved = RESERVED.find((field) => field in given);
  return reserved === undefined ? undefined : { tone: 'bad', field: 'data', text: `“${reserved}” is a name of the event itself; choose another one in the data.` };
}

function refusalOf(error: unknown): Outcome {
  return { tone: 'bad', text: error instanceof HeadwayError ? said(error) : String(error) };
}

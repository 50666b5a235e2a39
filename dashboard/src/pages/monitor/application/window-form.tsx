import { Button } from '@mantine/core';
import { useState } from 'react';
import type { ReactElement } from 'react';

import styles from '../monitor.module.css';
import { Field, Refusal } from '../parts.js';
import type { Window } from '../wire.js';

const DAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'] as const;
const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;

/** One more window: once, each week, or by a line of cron. */
export function WindowForm({ add }: { readonly add: (window: Window) => Promise<void> }): ReactElement {
  const [kind, setKind] = useState<Window['kind']>('once');
  const [busy, setBusy] = useState(false);
  const [mistake, setMistake] = useState<string>();
  const save = async (form: FormData): Promise<void> => {
    const found = windowOf(kind, form);
    setMistake(typeof found === 'string' ? found : undefined);
    if (typeof found !== 'string') {
      setBusy(true);
      await add(found);
      setBusy(false);
    }
  };
  return (
    <form
      className={styles['form']}
      noValidate
      aria-label="A maintenance window"
      onSubmit={(event) => {
        event.preventDefault();
        if (!busy) {
          void save(new FormData(event.currentTarget));
        }
      }}
    >
      <Field label="When">
        <select value={kind} onChange={({ currentTarget }) => setKind(currentTarget.value as Window['kind'])}>
          <option value="once">Once</option>
          <option value="weekly">Each week</option>
          <option value="cron">By a line of cron</option>
        </select>
      </Field>
      <Field label="Title" hint="Why, for others">
        <input name="title" maxLength={120} />
      </Field>
      {kind === 'once' ? (
        <>
          <Field label="From" hint="By the clock of this machine">
            <input name="begin" type="datetime-local" />
          </Field>
          <Field label="To">
            <input name="end" type="datetime-local" />
          </Field>
        </>
      ) : (
        <>
          {kind === 'weekly' ? <Weekly /> : <Line />}
          <Field label="Minutes">
            <input name="minutes" type="number" min={1} max={10_080} defaultValue={60} />
          </Field>
          <Field label="Time zone">
            <input name="zone" defaultValue={ZONE} spellCheck={false} />
          </Field>
        </>
      )}
      <div className={styles['buttons']}>
        <Button type="submit" size="compact-sm" loading={busy}>
          Add
        </Button>
        <Refusal text={mistake} />
      </div>
    </form>
  );
}

function Weekly(): ReactElement {
  return (
    <>
      <fieldset className={`${styles['part']} ${styles['wide']}`}>
        <legend>Days</legend>
        <div className={styles['tags']}>
          {DAYS.map((day, index) => (
            <label key={day} className={styles['tick']}>
              <input type="checkbox" name="days" value={index} /> {day}
            </label>
          ))}
        </div>
      </fieldset>
      <Field label="At">
        <input name="at" type="time" defaultValue="22:00" />
      </Field>
    </>
  );
}

function Line(): ReactElement {
  return (
    <Field label="Line of cron" hint="0 3 1 * *: the first of each month at three">
      <input name="line" defaultValue="0 3 1 * *" spellCheck={false} />
    </Field>
  );
}

function windowOf(kind: Window['kind'], form: FormData): Window | string {
  const text = (name: string): string => String(form.get(name) ?? '').trim();
  const title = text('title');
  if (kind === 'once') {
    const [begin, end] = [Date.parse(text('begin')) / 1_000, Date.parse(text('end')) / 1_000];
    return Number.isNaN(begin) || Number.isNaN(end) ? 'Say from when to when.' : begin >= end ? 'It ends before it begins.' : { kind, begin, end, title };
  }
  const minutes = Number(text('minutes'));
  if (!Number.isInteger(minutes) || minutes < 1) {
    return 'Say for how many minutes.';
  }
  if (kind === 'cron') {
    return text('line') === '' ? 'Write a line of cron.' : { kind, line: text('line'), minutes, zone: text('zone'), title };
  }
  const days = form.getAll('days').map(Number);
  return days.length === 0 ? 'Choose a day at least.' : { kind, days, at: text('at'), minutes, zone: text('zone'), title };
}

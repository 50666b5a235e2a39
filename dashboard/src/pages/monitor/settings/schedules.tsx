/** Runs that begin by themselves. */
import { Button } from '@mantine/core';
import { useState } from 'react';
import type { ReactElement } from 'react';

import { useRecord } from '../../../records.js';
import { useSession } from '../../../session.js';
import { tell } from '../../../shell/notices.js';
import { pathOf, refresh, useAsk } from '../asking.js';
import styles from '../monitor.module.css';
import { Field, Note, Refusal, Sure, Word } from '../parts.js';
import { ENVIRONMENTS, KINDS } from '../wire.js';
import type { Kind } from '../wire.js';
import { dateOf, everyWords, kindWords, saidBy } from '../words.js';
import own from './settings.module.css';

interface Schedule {
  readonly name: string;
  readonly cron?: string | null;
  /** Seconds. */
  readonly every?: number | null;
  readonly timezone?: string;
  readonly enabled?: boolean;
  readonly run?: {
    readonly kinds?: readonly Kind[];
    readonly applications?: readonly string[];
    readonly filter?: { readonly environment?: string | null; readonly tags?: readonly string[] } & Readonly<Record<string, unknown>>;
  } & Readonly<Record<string, unknown>>;
}

interface Scheduled {
  readonly schedule: Schedule;
  readonly due: number | null;
}

const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;

export function Schedules(): ReactElement {
  const { may } = useSession();
  const ask = useAsk();
  const { data, error } = useRecord<{ readonly schedules: readonly Scheduled[] }>(pathOf('monitor', 'schedules'), { every: 30_000 });
  const [adding, setAdding] = useState(false);
  const known = (data?.schedules ?? []).map(({ schedule }) => schedule);
  const put = async (schedules: readonly Schedule[], title: string): Promise<string | undefined> => {
    try {
      await ask('PUT', ['monitor', 'schedules'], { schedules });
      tell({ tone: 'good', title });
      await refresh('monitor', 'schedules');
      return undefined;
    } catch (refusal) {
      return saidBy(refusal);
    }
  };
  const change = async (schedules: readonly Schedule[], title: string): Promise<void> => {
    const refused = await put(schedules, title);
    if (refused !== undefined) {
      tell({ tone: 'bad', title: 'Nothing was changed', detail: refused });
    }
  };
  return (
    <section className="card" aria-labelledby="schedules">
      <div className="card-head">
        <h2 id="schedules">Runs that begin by themselves</h2>
        {may('admin') && (
          <Button size="compact-sm" variant="default" aria-expanded={adding} onClick={() => setAdding(!adding)}>
            {adding ? 'Close' : 'Add a schedule'}
          </Button>
        )}
      </div>
      {error !== null && (
        <Note tone="bad" alert>
          {saidBy(error)}
        </Note>
      )}
      {data !== undefined && known.length === 0 && !adding && <p className="soft">None. Health checks look by themselves all the time; a run is for logins, and for all of it at once.</p>}
      {adding && (
        <Form
          save={async (schedule) => {
            const refused = await put([...known, schedule], `${schedule.name} was added`);
            setAdding(refused !== undefined);
            return refused;
          }}
        />
      )}
      <ul className={own['list']}>
        {(data?.schedules ?? []).map(({ schedule, due }) => (
          <li key={schedule.name} className={own['line']}>
            <b>{schedule.name}</b>
            <span>{schedule.cron ? <code>{schedule.cron}</code> : `every ${everyWords(schedule.every ?? 0)}`}</span>
            <span className="soft small">{whatOf(schedule)}</span>
            <span className="small numbers">{schedule.enabled === false ? <Word tone="calm">Switched off</Word> : `next ${dateOf(due)}`}</span>
            {may('admin') && (
              <span className={own['actions']}>
                <button
                  type="button"
                  className="quiet-button"
                  aria-label={`${schedule.enabled === false ? 'Switch on' : 'Switch off'} ${schedule.name}`}
                  onClick={() => void change(known.map((one) => (one === schedule ? { ...one, enabled: one.enabled === false } : one)), `${schedule.name} was switched ${schedule.enabled === false ? 'on' : 'off'}`)}
                >
                  {schedule.enabled === false ? 'Switch on' : 'Switch off'}
                </button>
                <Sure label="Remove" of={schedule.name} act={() => change(known.filter((one) => one !== schedule), `${schedule.name} was removed`)} />
              </span>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

function whatOf({ cron, timezone, run }: Schedule): string {
  const kinds = (run?.kinds ?? KINDS).map((kind) => `${kindWords(kind)}s`).join(' and ');
  const some = [...(run?.applications ?? []), run?.filter?.environment ?? '', ...(run?.filter?.tags ?? [])].filter(Boolean);
  return [kinds, some.length === 0 ? 'all applications' : some.join(', '), cron ? (timezone ?? 'UTC') : ''].filter(Boolean).join(' · ');
}

function Form({ save }: { readonly save: (schedule: Schedule) => Promise<string | undefined> }): ReactElement {
  const [by, setBy] = useState<'cron' | 'every'>('cron');
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<string>();
  const send = async (form: FormData): Promise<void> => {
    const text = (name: string): string => String(form.get(name) ?? '').trim();
    const kinds = form.getAll('kinds') as Kind[];
    const tags = text('tags').split(/\s*,\s*/).filter((tag) => tag !== '');
    if (kinds.length === 0) {
      setRefusal('Choose health checks, login tests or both.');
      return;
    }
    setBusy(true);
    const when = by === 'cron' ? { cron: text('cron'), timezone: text('timezone') } : { every: Number(text('every')) * 60 };
    const filter = { ...(text('environment') ? { environment: text('environment') } : {}), ...(tags.length > 0 ? { tags } : {}) };
    setRefusal(await save({ name: text('name'), ...when, run: { kinds, filter } }));
    setBusy(false);
  };
  return (
    <form
      className={`${styles['form']} ${own['inner']}`}
      aria-label="A new schedule"
      onSubmit={(event) => {
        event.preventDefault();
        if (!busy) {
          void send(new FormData(event.currentTarget));
        }
      }}
    >
      <Field label="Name">
        <input name="name" required maxLength={80} />
      </Field>
      <Field label="When">
        <select value={by} onChange={({ currentTarget }) => setBy(currentTarget.value as 'cron' | 'every')}>
          <option value="cron">By a line of cron</option>
          <option value="every">Every so often</option>
        </select>
      </Field>
      {by === 'cron' ? (
        <>
          <Field label="Line of cron" hint="30 2 * * *: each night at half past two">
            <input name="cron" required defaultValue="30 2 * * *" spellCheck={false} />
          </Field>
          <Field label="Time zone">
            <input name="timezone" defaultValue={ZONE} spellCheck={false} />
          </Field>
        </>
      ) : (
        <Field label="Every (minutes)">
          <input name="every" type="number" min={1} required defaultValue={60} />
        </Field>
      )}
      <Field label="Environment">
        <select name="environment" defaultValue="">
          <option value="">Every environment</option>
          {ENVIRONMENTS.map((one) => (
            <option key={one}>{one}</option>
          ))}
        </select>
      </Field>
      <Field label="Tags" hint="Parted by commas; none: all">
        <input name="tags" />
      </Field>
      <div className={`${styles['wide']} ${styles['tags']}`} role="group" aria-label="Tests">
        {KINDS.map((kind) => (
          <label key={kind} className={styles['tick']}>
            <input type="checkbox" name="kinds" value={kind} defaultChecked /> {kindWords(kind)}s
          </label>
        ))}
      </div>
      <div className={styles['buttons']}>
        <Button type="submit" size="compact-sm" loading={busy}>
          Add
        </Button>
        <Refusal text={refusal} />
      </div>
    </form>
  );
}

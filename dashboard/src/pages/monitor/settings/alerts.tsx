/** Who is told of what, and when. Addresses go one way: they are sent, and come back masked. */
import { Button } from '@mantine/core';
import { useState } from 'react';
import type { ReactElement } from 'react';

import { useRecord } from '../../../records.js';
import { tell } from '../../../shell/notices.js';
import { Inputs } from '../application/inputs.js';
import type { Spec, Values } from '../application/inputs.js';
import { pathOf, refresh, useAsk } from '../asking.js';
import styles from '../monitor.module.css';
import { Field, Note, Refusal, Sure, Word } from '../parts.js';
import { saidBy } from '../words.js';
import own from './settings.module.css';
import { Sent } from './sent.js';

type Level = 'all' | 'warnings' | 'errors';

export interface Recipient {
  readonly id?: string;
  readonly name: string;
  readonly address?: string;
  readonly applications?: readonly string[];
  readonly tags?: readonly string[];
  readonly level?: Level | null;
  readonly active?: boolean;
}

interface Quiet {
  readonly begin: string;
  readonly end: string;
  readonly days?: readonly number[];
  readonly zone?: string;
}

interface Rules {
  readonly level: Level;
  readonly recoveries: boolean;
  readonly renotifyMinutes: number;
  readonly digestMinutes: number;
  readonly quietHours: Quiet | null;
  readonly certificateDays: readonly number[];
  readonly channels: readonly Recipient[];
}

const LEVELS: Readonly<Record<Level, string>> = { errors: 'Errors', warnings: 'Errors and warnings', all: 'Every change' };
const RULES: readonly Spec[] = [
  { name: 'renotifyMinutes', label: 'Tell again after (minutes)', type: 'number', hint: 'While it lasts; 0: never' },
  { name: 'digestMinutes', label: 'Gather for (minutes)', type: 'number', hint: 'Several as one message; 0: at once' },
  { name: 'certificateDays', label: 'Certificates: days before', type: 'list' },
  { name: 'recoveries', label: 'Tell of the end, too', type: 'tick', usual: true },
];
const DAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'] as const;
const PATH = pathOf('monitor', 'alerts');

export function Alerts(): ReactElement {
  const { data, error } = useRecord<Rules>(PATH);
  return (
    <>
      {error !== null && (
        <Note tone="bad" alert>
          {saidBy(error)}
        </Note>
      )}
      {data === undefined && error === null && <p className="soft">Asking…</p>}
      {data !== undefined && (
        <>
          <Channels rules={data} />
          {/* Anew with what was saved. */}
          <RulesForm key={JSON.stringify(data)} rules={data} />
          <Sent />
        </>
      )}
    </>
  );
}

function useSave(): (rules: Rules, title: string) => Promise<string | undefined> {
  const ask = useAsk();
  return async (rules, title) => {
    try {
      await ask('PUT', ['monitor', 'alerts'], rules);
      tell({ tone: 'good', title });
      await refresh('monitor', 'alerts');
      return undefined;
    } catch (error) {
      return saidBy(error);
    }
  };
}

interface Tested {
  readonly results: readonly { readonly channel?: string | null; readonly name?: string | null; readonly ok?: boolean; readonly error?: string | null }[];
}

/** Send a test, and say who took it. */
function useTest(): [(body: Values) => Promise<void>, boolean] {
  const ask = useAsk();
  const [busy, setBusy] = useState(false);
  const test = async (body: Values): Promise<void> => {
    setBusy(true);
    try {
      const { results } = await ask<Tested>('POST', ['monitor', 'alerts', 'test'], body);
      for (const { channel, name, error } of results) {
        const who = name ?? channel ?? 'The address';
        tell(error ? { tone: 'bad', title: `${who} did not take the test`, detail: error } : { tone: 'good', title: `${who} took the test` });
      }
      if (results.length === 0) {
        tell({ tone: 'warn', title: 'There is nobody to tell' });
      }
    } catch (error) {
      tell({ tone: 'bad', title: 'No test was sent', detail: saidBy(error) });
    }
    setBusy(false);
    void refresh('monitor', 'alerts', 'history');
  };
  return [test, busy];
}

function Channels({ rules }: { readonly rules: Rules }): ReactElement {
  const save = useSave();
  const [test, busy] = useTest();
  const [editing, setEditing] = useState<string>();
  const put = async (channels: readonly Recipient[], title: string): Promise<string | undefined> => {
    const refused = await save({ ...rules, channels }, title);
    if (refused === undefined) {
      setEditing(undefined);
    }
    return refused;
  };
  return (
    <section className="card" aria-labelledby="channels">
      <div className="card-head">
        <h2 id="channels">Who is told</h2>
        <div className={styles['begin']}>
          {rules.channels.length > 1 && (
            <Button size="compact-sm" variant="default" loading={busy} onClick={() => void test({})}>
              Test all
            </Button>
          )}
          <Button size="compact-sm" variant="default" aria-expanded={editing === ''} onClick={() => setEditing(editing === '' ? undefined : '')}>
            {editing === '' ? 'Close' : 'Add somebody'}
          </Button>
        </div>
      </div>
      {rules.channels.length === 0 && editing === undefined && <p className="soft">Nobody is told of anything yet.</p>}
      {editing === '' && <ChannelForm save={(one) => put([...rules.channels, one], `${one.name} was added`)} test={test} busy={busy} />}
      <ul className={own['list']}>
        {rules.channels.map((one) => (
          <li key={one.id ?? one.name}>
            <div className={own['line']}>
              <b>{one.name}</b>
              <code>{one.address}</code>
              <span className="soft small">{aboutOf(one, rules)}</span>
              <span className={own['actions']}>
                <button type="button" className="quiet-button" aria-disabled={busy} aria-label={`Send a test to ${one.name}`} onClick={() => void (busy || test({ channel: one.id ?? one.name }))}>
                  Test
                </button>
                <button type="button" className="quiet-button" aria-expanded={editing === one.id} aria-label={`${editing === one.id ? 'Close' : 'Change'} ${one.name}`} onClick={() => setEditing(editing === one.id ? undefined : one.id)}>
                  {editing === one.id ? 'Close' : 'Change'}
                </button>
                <Sure
                  label="Remove"
                  of={one.name}
                  act={async () => {
                    const refused = await put(
                      rules.channels.filter((other) => other !== one),
                      `${one.name} was removed`,
                    );
                    if (refused !== undefined) {
                      tell({ tone: 'bad', title: `${one.name} was not removed`, detail: refused });
                    }
                  }}
                />
              </span>
            </div>
            {editing === one.id && <ChannelForm channel={one} save={(changed) => put(rules.channels.map((other) => (other === one ? changed : other)), `${changed.name} was changed`)} test={test} busy={busy} />}
          </li>
        ))}
      </ul>
    </section>
  );
}

function aboutOf({ active, level, applications = [], tags = [] }: Recipient, rules: Rules): string {
  const which = [...applications, ...tags.map((tag) => `tag ${tag}`)];
  return [active === false ? 'switched off' : '', LEVELS[level ?? rules.level], which.length === 0 ? 'all applications' : which.join(', ')].filter(Boolean).join(' · ');
}

interface ChannelFormProps {
  readonly channel?: Recipient;
  readonly save: (channel: Recipient) => Promise<string | undefined>;
  readonly test: (body: Values) => Promise<void>;
  readonly busy: boolean;
}

const CHANNEL: readonly Spec[] = [
  { name: 'applications', label: 'Only these applications', type: 'list', hint: 'Names, parted by commas; none: all' },
  { name: 'tags', label: 'Only these tags', type: 'list' },
  { name: 'active', label: 'Switched on', type: 'tick', usual: true },
];

function ChannelForm({ channel, save, test, busy }: ChannelFormProps): ReactElement {
  const [draft, setDraft] = useState<Values>(() => ({ ...channel, address: undefined }));
  const [saving, setSaving] = useState(false);
  const [refusal, setRefusal] = useState<string>();
  const set = (name: string, value: unknown): void => setDraft((before) => ({ ...before, [name]: value }));
  const text = (name: string): string => String(draft[name] ?? '');
  const send = async (): Promise<void> => {
    setSaving(true);
    const { address, level, ...rest } = draft;
    // An address that is not given stays as it is.
    const refused = await save({ ...rest, name: text('name').trim(), ...(address ? { address: text('address').trim() } : { address: channel?.address ?? '' }), level: (level as Level) || null } as Recipient);
    setSaving(false);
    setRefusal(refused);
  };
  return (
    <form
      className={`${styles['form']} ${own['inner']}`}
      aria-label={channel === undefined ? 'Somebody to tell' : `Change ${channel.name}`}
      autoComplete="off"
      onSubmit={(event) => {
        event.preventDefault();
        if (!saving) {
          void send();
        }
      }}
    >
      <Field label="Name">
        <input value={text('name')} required maxLength={80} onChange={({ currentTarget }) => set('name', currentTarget.value)} />
      </Field>
      <Field label={channel === undefined ? 'Address' : 'New address'} hint={`${channel === undefined ? '' : 'Empty: it stays as it is. '}json://host/path, mailto://…, slack://…, as apprise has them, or \${env:NAME}`}>
        <input type="password" autoComplete="new-password" value={text('address')} required={channel === undefined} maxLength={2_000} spellCheck={false} onChange={({ currentTarget }) => set('address', currentTarget.value)} />
      </Field>
      <Field label="Is told of">
        <select value={text('level')} onChange={({ currentTarget }) => set('level', currentTarget.value)}>
          <option value="">As all</option>
          {Object.entries(LEVELS).map(([level, words]) => (
            <option key={level} value={level}>
              {words}
            </option>
          ))}
        </select>
      </Field>
      <Inputs specs={CHANNEL} values={draft} change={set} />
      <div className={styles['buttons']}>
        <Button type="submit" size="compact-sm" loading={saving}>
          {channel === undefined ? 'Add' : 'Save'}
        </Button>
        <Button size="compact-sm" variant="default" loading={busy} disabled={text('address') === ''} onClick={() => void test({ address: text('address').trim() })}>
          Test this address
        </Button>
        <Refusal text={refusal} />
      </div>
    </form>
  );
}

function RulesForm({ rules }: { readonly rules: Rules }): ReactElement {
  const save = useSave();
  const [draft, setDraft] = useState<Values>(() => ({ ...rules }));
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<string>();
  const quiet = draft['quietHours'] as Quiet | null;
  const set = (name: string, value: unknown): void => setDraft((before) => ({ ...before, [name]: value ?? (name === 'certificateDays' ? [] : 0) }));
  const hours = (change: Partial<Quiet> | null): void => setDraft((before) => ({ ...before, quietHours: change === null ? null : { ...QUIET, ...quiet, ...change } }));
  const send = async (): Promise<void> => {
    setBusy(true);
    setRefusal(await save({ ...(draft as unknown as Rules), channels: rules.channels }, 'The rules hold now'));
    setBusy(false);
  };
  return (
    <form
      className={`card ${styles['stack']}`}
      aria-labelledby="rules"
      onSubmit={(event) => {
        event.preventDefault();
        if (!busy) {
          void send();
        }
      }}
    >
      <h2 id="rules">Of what, and when</h2>
      <div className={styles['form']}>
        <Field label="People are told of">
          <select value={String(draft['level'])} onChange={({ currentTarget }) => set('level', currentTarget.value)}>
            {Object.entries(LEVELS).map(([level, words]) => (
              <option key={level} value={level}>
                {words}
              </option>
            ))}
          </select>
        </Field>
        <Inputs specs={RULES} values={draft} change={set} />
      </div>
      <fieldset className={styles['part']}>
        <legend>Quiet hours</legend>
        <label className={styles['tick']}>
          <input type="checkbox" checked={quiet !== null} onChange={({ currentTarget }) => hours(currentTarget.checked ? {} : null)} /> What happens in them comes as one message afterwards
        </label>
        {quiet !== null && (
          <div className={styles['form']}>
            <Field label="From">
              <input type="time" value={quiet.begin} onChange={({ currentTarget }) => hours({ begin: currentTarget.value })} />
            </Field>
            <Field label="To">
              <input type="time" value={quiet.end} onChange={({ currentTarget }) => hours({ end: currentTarget.value })} />
            </Field>
            <Field label="Time zone">
              <input value={quiet.zone ?? 'UTC'} spellCheck={false} onChange={({ currentTarget }) => hours({ zone: currentTarget.value })} />
            </Field>
            <div className={`${styles['wide']} ${styles['tags']}`} role="group" aria-label="Days on which they begin">
              {DAYS.map((day, index) => {
                const days = quiet.days ?? ALL_DAYS;
                return (
                  <label key={day} className={styles['tick']}>
                    <input type="checkbox" checked={days.includes(index)} onChange={({ currentTarget }) => hours({ days: ALL_DAYS.filter((one) => (one === index ? currentTarget.checked : days.includes(one))) })} /> {day}
                  </label>
                );
              })}
            </div>
          </div>
        )}
      </fieldset>
      <div className={styles['buttons']}>
        <Button type="submit" loading={busy}>
          Save
        </Button>
        {JSON.stringify(draft) !== JSON.stringify(rules) && <Word tone="warn">Not saved yet</Word>}
        <Refusal text={refusal} />
      </div>
    </form>
  );
}

const ALL_DAYS: readonly number[] = [0, 1, 2, 3, 4, 5, 6];
const QUIET: Quiet = { begin: '22:00', end: '07:00', days: ALL_DAYS, zone: Intl.DateTimeFormat().resolvedOptions().timeZone };

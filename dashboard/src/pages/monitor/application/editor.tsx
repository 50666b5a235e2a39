/** The form of an application: what it is, what is checked, how one logs in, and when it is an error. */
import { Button } from '@mantine/core';
import { useRef, useState } from 'react';
import type { ReactElement } from 'react';

import { tell } from '../../../shell/notices.js';
import { refresh, useAsk } from '../asking.js';
import styles from '../monitor.module.css';
import { Refusal } from '../parts.js';
import { ENVIRONMENTS, PRIORITIES } from '../wire.js';
import type { Application, Check, Definition, Login } from '../wire.js';
import { saidBy } from '../words.js';
import { definitionOf } from './definition.js';
import { CHECK_FIELDS, CHECK_KINDS, CHECK_MORE, CHECK_WORDS, CREDENTIAL_FIELDS, CRITERIA_FIELDS, FORM_FIELDS, LOGIN_FIELDS } from './fields.js';
import { Inputs } from './inputs.js';
import type { Spec, Values } from './inputs.js';
import { Steps } from './steps.js';

export interface EditorProps {
  /** Undefined: a new one. */
  readonly application?: Application | undefined;
  /** What a new one begins with. */
  readonly begin?: Values | undefined;
  readonly done: (saved: Application | undefined) => void;
}

const BASICS: readonly Spec[] = [
  { name: 'displayName', label: 'Name for people' },
  { name: 'name', label: 'Name for programs', hint: 'In addresses and badges; made from the other one, if empty' },
  { name: 'environment', label: 'Environment', type: 'choice', options: ENVIRONMENTS, usual: 'production' },
  { name: 'category', label: 'Category' },
  { name: 'tags', label: 'Tags', type: 'list', hint: 'Parted by commas' },
  { name: 'priority', label: 'Priority', type: 'choice', options: PRIORITIES, usual: 'medium' },
  { name: 'slaTarget', label: 'SLA target (%)', type: 'number', usual: 99.9 },
];
const OWNER: readonly Spec[] = [
  { name: 'team', label: 'Team' },
  { name: 'email', label: 'Mail address' },
];
const SHOWN: readonly Spec[] = [
  { name: 'isActive', label: 'It is watched', type: 'tick', usual: true },
  { name: 'public', label: 'On the public status page', type: 'tick', usual: false },
];
const THRESHOLDS: readonly Spec[] = [
  { name: 'consecutiveFailures', label: 'Error after (failed looks)', type: 'number', usual: 2 },
  { name: 'recoveries', label: 'Healthy after (good looks)', type: 'number', usual: 2 },
  { name: 'responseTimeMs', label: 'Warn above (ms)', type: 'number' },
  { name: 'uptimePercentage', label: 'Tell below (% of a day)', type: 'number' },
];

export function Editor({ application, begin, done }: EditorProps): ReactElement {
  const ask = useAsk();
  const form = useRef<HTMLFormElement>(null);
  const [draft, setDraft] = useState<Values>(() => (application === undefined ? { healthCheck: { kind: 'http', url: '' }, ...begin } : { ...definitionOf(application) }));
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<string>();
  const set = (name: string, value: unknown): void => setDraft((before) => put(before, name, value));
  const within = (group: string) => (name: string, value: unknown) => setDraft((before) => ({ ...before, [group]: put((before[group] ?? {}) as Values, name, value) }));
  const save = async (): Promise<void> => {
    setBusy(true);
    setRefusal(undefined);
    try {
      const body = bodyOf(draft);
      const saved = application === undefined ? await ask<Application>('POST', ['applications'], body) : await ask<Application>('PUT', ['applications', application.id], body);
      tell({ tone: 'good', title: `${saved.displayName || saved.name} was ${application === undefined ? 'added' : 'changed'}` });
      await refresh('applications');
      done(saved);
    } catch (error) {
      setRefusal(saidBy(error));
    }
    setBusy(false);
  };
  return (
    <form
      ref={form}
      className={`card ${styles['stack']}`}
      aria-label={application === undefined ? 'A new application' : `Edit ${application.displayName || application.name}`}
      autoComplete="off"
      onSubmit={(event) => {
        event.preventDefault();
        if (!busy) {
          void save();
        }
      }}
    >
      <div className={styles['form']}>
        <Inputs specs={BASICS} values={draft} change={set} />
        <Inputs specs={OWNER} values={(draft['owner'] ?? {}) as Values} change={within('owner')} />
        <Inputs specs={SHOWN} values={draft} change={set} />
      </div>
      <CheckPart check={(draft['healthCheck'] ?? null) as Check | null} change={(check) => set('healthCheck', check)} />
      <LoginPart login={(draft['loginTest'] ?? null) as Login | null} change={(login) => set('loginTest', login)} />
      <fieldset className={styles['part']}>
        <legend>When it is an error</legend>
        <div className={styles['form']}>
          <Inputs specs={THRESHOLDS} values={(draft['alertThresholds'] ?? {}) as Values} change={within('alertThresholds')} />
        </div>
      </fieldset>
      <div className={styles['buttons']}>
        <Button type="submit" loading={busy}>
          {application === undefined ? 'Add' : 'Save'}
        </Button>
        <Button variant="default" onClick={() => done(undefined)}>
          Cancel
        </Button>
        <Refusal text={refusal} />
      </div>
    </form>
  );
}

function CheckPart({ check, change }: { readonly check: Check | null; readonly change: (check: Check | null) => void }): ReactElement {
  const kind = check?.kind ?? '';
  const more = CHECK_MORE[kind] ?? [];
  const set = (name: string, value: unknown): void => change(put(check ?? {}, name, value) as Check);
  return (
    <fieldset className={styles['part']}>
      <legend>Health check</legend>
      <div className={styles['form']}>
        <label className={styles['field']}>
          <span>Kind</span>
          <select value={kind} onChange={({ currentTarget }) => change(currentTarget.value === '' ? null : ({ kind: currentTarget.value } as Check))}>
            <option value="">None</option>
            {CHECK_KINDS.map((one) => (
              <option key={one} value={one}>
                {CHECK_WORDS[one]}
              </option>
            ))}
          </select>
        </label>
        {check !== null && <Inputs key={kind} specs={CHECK_FIELDS[kind] ?? []} values={check} change={set} />}
      </div>
      {check !== null && more.length > 0 && (
        <details className={styles['more']}>
          <summary>More of the check</summary>
          <div className={styles['form']}>
            <Inputs key={kind} specs={more} values={check} change={set} />
          </div>
        </details>
      )}
    </fieldset>
  );
}

function LoginPart({ login, change }: { readonly login: Login | null; readonly change: (login: Login | null) => void }): ReactElement {
  const set = (name: string, value: unknown): void => change(put({ ...login }, name, value) as unknown as Login);
  const within = (group: string, of: Values | undefined) => (name: string, value: unknown) => set(group, put(of ?? {}, name, value));
  return (
    <fieldset className={styles['part']}>
      <legend>Login test</legend>
      <label className={styles['tick']}>
        <input type="checkbox" checked={login !== null} onChange={({ currentTarget }) => change(currentTarget.checked ? { url: '', credentials: {}, steps: [] } : null)} /> Try to log in
      </label>
      {login !== null && (
        <>
          <div className={styles['form']}>
            <Inputs specs={LOGIN_FIELDS} values={login as unknown as Values} change={set} />
            <Inputs specs={CREDENTIAL_FIELDS} values={login.credentials ?? {}} change={within('credentials', login.credentials)} of="Login, " />
          </div>
          <p className={styles['sub']}>Steps</p>
          {(login.steps ?? []).length === 0 && <p className="soft small">Without steps the page is fetched, its form filled in and sent, with no browser. With steps a real browser does them.</p>}
          <Steps label="Steps of the login" steps={login.steps ?? []} change={(steps) => set('steps', steps)} />
          {(login.steps ?? []).length === 0 && (
            <div className={styles['form']}>
              <Inputs specs={FORM_FIELDS} values={login.form ?? {}} change={within('form', login.form)} />
            </div>
          )}
          <p className={styles['sub']}>It worked if</p>
          <div className={styles['form']}>
            <Inputs specs={CRITERIA_FIELDS} values={login.successCriteria ?? {}} change={within('successCriteria', login.successCriteria)} of="It worked if " />
          </div>
          <details className={styles['more']} open={(login.cleanupSteps ?? []).length > 0}>
            <summary>Steps to clean up</summary>
            <Steps label="Steps to clean up" steps={login.cleanupSteps ?? []} change={(steps) => set('cleanupSteps', steps)} />
          </details>
        </>
      )}
    </fieldset>
  );
}

function put(values: Values, name: string, value: unknown): Values {
  const { [name]: _, ...rest } = values;
  return value === undefined ? rest : { ...rest, [name]: value };
}

/** What is empty is left out, but for a check or a login that was taken away. */
function bodyOf(draft: Values): Values {
  const { healthCheck = null, loginTest = null, ...rest } = draft as unknown as Definition;
  const login = loginTest === null ? null : Object.fromEntries(Object.entries(loginTest).filter(([, value]) => !(Array.isArray(value) && value.length === 0) && !(isEmpty(value))));
  return { ...rest, healthCheck, loginTest: login };
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && Object.values(value).every((one) => one === null || one === undefined);
}

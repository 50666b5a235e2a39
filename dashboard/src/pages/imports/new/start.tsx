/** Step 4: what will be done, once more, and what has to be typed before it is. */
import { Button } from '@mantine/core';
import { HeadwayError } from 'headway-client';
import { count } from 'headway-react/words';
import { useId, useState } from 'react';
import type { ReactElement } from 'react';

import { go } from '../../../address.js';
import { refresh, useAsk, usePopulations } from '../asking.js';
import styles from '../imports.module.css';
import { Note } from '../parts.js';
import type { Begun, Target, Upload } from '../wire.js';
import { useWatched } from '../watching.js';
import { KIND_WORDS, POLICY_WORDS, changesOf, many, populationWords, sameWork, saidBy } from '../words.js';
import { mappingOf, optionsOf } from './draft.js';
import type { Change, Draft } from './draft.js';
import { DryRun } from './dry-run.js';
import own from './new.module.css';

export interface StartProps {
  readonly draft: Draft;
  readonly change: Change;
  readonly target: Target;
  readonly upload: Upload | undefined;
}

export function Start({ draft, change, target, upload }: StartProps): ReactElement {
  const ask = useAsk();
  const id = useId();
  const dry = useWatched(draft.dry);
  const [typed, setTyped] = useState('');
  const [typedName, setTypedName] = useState('');
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<string>();
  const [told, setTold] = useState<number>();
  const { verb } = KIND_WORDS[draft.kind];
  const counts = draft.kind === 'delete' || draft.kind === 'modify';
  const same = dry.run !== undefined && sameWork(dry.run.options, optionsOf(draft, upload, true, null));
  const counted = same && dry.run?.status === 'completed' ? changesOf(dry.counts) : undefined;
  // What the server says that has to be typed is right, whatever was counted here.
  const wanted = told ?? counted;
  const production = target.environment_type === 'PRODUCTION' && draft.kind !== 'export';
  const name = target.environment_name ?? target.name;
  const start = async (): Promise<void> => {
    const mistake = mistakeIn();
    setRefusal(mistake);
    if (mistake !== undefined || busy) {
      return;
    }
    setBusy(true);
    try {
      const { run } = await ask<Begun>('POST', ['runs'], optionsOf(draft, upload, false, counts ? (wanted ?? null) : null));
      void refresh('runs');
      go(`/imports/runs/${encodeURIComponent(run)}`);
    } catch (error) {
      const number = error instanceof HeadwayError ? numberIn(error.details) : undefined;
      setTold(counts ? number : undefined);
      setRefusal(saidBy(error));
      setBusy(false);
    }
  };
  const mistakeIn = (): string | undefined => {
    if (counts && wanted === undefined) {
      return 'Count first: start the dry run and wait for its end.';
    }
    if (counts && numberOf(typed) !== wanted) {
      return `Type the number of users that are ${draft.kind === 'delete' ? 'deleted' : 'changed'}: ${count(wanted ?? 0)}.`;
    }
    if (production && typedName.trim() !== name) {
      return `Type the name of the production environment: ${name}.`;
    }
    return undefined;
  };
  return (
    <>
      {(counts || draft.kind === 'export') && <DryRun draft={draft} change={change} upload={upload} />}
      <section className="card" aria-labelledby="summary">
        <h2 id="summary">What will be done</h2>
        <Summary draft={draft} target={target} upload={upload} />
        {!counts && draft.kind === 'import' && counted === undefined && <Note tone="calm">There was no dry run of exactly this. It writes nothing, and says what would become of each row.</Note>}
        {counted !== undefined && !counts && draft.kind === 'import' && (
          <Note tone="good">
            The dry run counted {many(dry.counts['created'] ?? 0, 'user')} to create, {count(dry.counts['updated'] ?? 0)} to update, {count(dry.counts['skipped'] ?? 0)} to skip, and {many(dry.counts['failed'] ?? 0, 'row')} that would fail.
          </Note>
        )}
        <form
          className={own['start']}
          noValidate
          onSubmit={(event) => {
            event.preventDefault();
            void start();
          }}
        >
          <More draft={draft} change={change} />
          {counts && wanted !== undefined && (
            <label className={styles['field']}>
              <span>
                Type {count(wanted)} to {draft.kind === 'delete' ? `delete ${many(wanted, 'user')}` : `change ${many(wanted, 'user')}`}
              </span>
              <input inputMode="numeric" autoComplete="off" value={typed} aria-describedby={`${id}count`} onChange={({ currentTarget }) => setTyped(currentTarget.value)} />
              <span className="soft" id={`${id}count`}>
                {draft.kind === 'delete' ? 'What is deleted cannot be brought back.' : 'So many were counted by the dry run.'}
              </span>
            </label>
          )}
          {production && (
            <label className={styles['field']}>
              <span>Type the name of the production environment</span>
              <input autoComplete="off" spellCheck={false} value={typedName} placeholder={name} onChange={({ currentTarget }) => setTypedName(currentTarget.value)} />
            </label>
          )}
          <p role="alert" className={own['refusal']} data-tone="bad">
            {refusal ?? ''}
          </p>
          <div>
            <Button type="submit" loading={busy} data-danger={draft.kind === 'delete' || production} className={own['go'] ?? ''}>
              {draft.kind === 'export' ? `Export from ${target.name}` : counts ? `${verb} users at ${target.name}` : `Import ${many(upload?.rows ?? 0, 'row')} into ${target.name}`}
            </Button>
          </div>
        </form>
      </section>
    </>
  );
}

function More({ draft, change }: Pick<StartProps, 'draft' | 'change'>): ReactElement {
  return (
    <details className={own['more']} open={draft.name !== '' || draft.parallel !== null || draft.onStop !== 'pause'}>
      <summary>More options</summary>
      <div className={own['rules']}>
        <label className={styles['field']}>
          <span>Name of the run</span>
          <input defaultValue={draft.name} maxLength={200} autoComplete="off" onBlur={({ currentTarget }) => change({ name: currentTarget.value.trim() })} />
          <span className="soft">Empty: called after its file</span>
        </label>
        <label className={styles['field']}>
          <span>Requests at once</span>
          <input type="number" min={1} max={100} defaultValue={draft.parallel ?? ''} onBlur={({ currentTarget: { value } }) => change({ parallel: Number(value) >= 1 ? Math.min(100, Math.floor(Number(value))) : null })} />
          <span className="soft">Empty: as many as the rate of the target needs</span>
        </label>
        <label className={styles['field']}>
          <span>When PingOne refuses everything</span>
          <select value={draft.onStop} onChange={({ currentTarget: { value } }) => change({ onStop: value === 'fail' ? 'fail' : 'pause' })}>
            <option value="pause">Pause and say why; it can be resumed</option>
            <option value="fail">Fail</option>
          </select>
          <span className="soft">The licence is used up, a permission is missing, …</span>
        </label>
      </div>
    </details>
  );
}

function Summary({ draft, target, upload }: Omit<StartProps, 'change'>): ReactElement {
  const populations = usePopulations(draft.target).data?.populations ?? [];
  const known = new Map(populations.map(({ id, name }) => [id, name]));
  const columns = upload === undefined ? [] : Object.entries(mappingOf(upload, draft.columns));
  const { scope } = draft;
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['Target', `${target.name}${target.region === null ? '' : `, region ${target.region}`}${target.environment_type === 'PRODUCTION' ? ', production' : ''}`],
    ['File', upload === undefined || draft.kind === 'export' ? undefined : `${upload.name}, ${many(upload.rows, 'row')}`],
    ['Columns', columns.length === 0 ? undefined : columns.map(([column, attribute]) => (column === attribute ? column : `${column} → ${attribute}`)).join(', ')],
    ['Population', draft.kind === 'import' || (draft.kind === 'modify' && draft.population !== null) ? populationWords(draft.population, known) : undefined],
    ['Those who are there', draft.kind === 'import' ? POLICY_WORDS[draft.policy] : undefined],
    ['Those who are not there', draft.kind === 'modify' ? (draft.createMissing ? 'are created' : 'are counted as failed') : undefined],
    ['Users', draft.kind === 'export' ? [scope.population === null ? 'all populations' : (known.get(scope.population) ?? scope.population), scope.enabled === null ? '' : scope.enabled ? 'enabled' : 'disabled', scope.scim ?? ''].filter(Boolean).join(', ') : undefined],
    ['Format', draft.kind === 'export' ? draft.format.toUpperCase() : undefined],
  ];
  return (
    <dl className={styles['facts']}>
      {facts.map(
        ([label, value]) =>
          value !== undefined && (
            <div key={label}>
              <dt>{label}</dt>
              <dd>{value}</dd>
            </div>
          ),
      )}
    </dl>
  );
}

/** 1,234, 1 234 and 1234 */
function numberOf(text: string): number | undefined {
  const digits = text.replace(/[\s,.'’]/g, '');
  return /^\d+$/.test(digits) ? Number(digits) : undefined;
}

/** The one number that a refusal names. */
function numberIn(details: Readonly<Record<string, unknown>>): number | undefined {
  const found = ['confirm', 'count', 'counted', 'expected'].map((name) => details[name]).find((value) => typeof value === 'number');
  return found as number | undefined;
}

/** A new import, export, modification or deletion: from the file to the run in four steps. The address holds all of it. */
import { Button } from '@mantine/core';
import { useEffect, useRef, useState } from 'react';
import type { ReactElement, RefObject } from 'react';

import { go } from '../../../address.js';
import { Link } from '../../../shell/link.js';
import { Waiting } from '../../../shell/waiting.js';
import { useRun, useTargets, useUpload } from '../asking.js';
import styles from '../imports.module.css';
import { Banner, Note } from '../parts.js';
import { KIND_WORDS, saidBy } from '../words.js';
import { Check } from './check.js';
import { Columns } from './columns.js';
import { addressOf, draftFrom, mappingOf, useDraft } from './draft.js';
import type { Draft, Step } from './draft.js';
import { Scope } from './scope.js';
import { Source } from './source.js';
import { Start } from './start.js';
import { Stepper } from './stepper.js';
import type { Kind, Target, Upload } from '../wire.js';

const TITLES: Readonly<Record<Step, string>> = { file: 'Target and file', columns: 'Columns and rules', check: 'Preview and dry run', run: 'Run' };

/** The steps of a kind. An export has no file, and nothing to preview. */
function stepsOf(kind: Kind): readonly (readonly [Step, string])[] {
  return kind === 'export'
    ? [['file', 'Target'], ['columns', 'Which users'], ['run', 'Run']]
    : (['file', 'columns', 'check', 'run'] as const).map((step) => [step, TITLES[step]]);
}

export default function New(): ReactElement {
  const [draft, change] = useDraft();
  const targets = useTargets();
  const upload = useUpload(draft.file);
  useFrom(draft.from);
  const [mistake, setMistake] = useState<string>();
  const steps = stepsOf(draft.kind);
  const target = targets.data?.targets.find(({ id }) => id === draft.target);
  // A step that cannot be yet is not shown, whatever the address says.
  const reached = reachedBy(draft, target, upload.data, steps);
  const loading = targets.data === undefined || (draft.file !== undefined && upload.data === undefined && upload.error === null);
  const index = Math.min(reached, Math.max(0, steps.findIndex(([step]) => step === draft.step)));
  const [shown] = steps[index] ?? ['file' as const];
  const heading = useMoved(shown, loading);
  const move = (to: number): void => {
    const step = steps[to]?.[0];
    const missing = to > index ? missingIn(shown, draft, target, upload.data) : undefined;
    setMistake(missing);
    if (step !== undefined && missing === undefined) {
      change({ step }, { leaf: true });
    }
  };
  if (draft.from !== undefined) {
    return <Waiting />;
  }
  const failure = targets.error ?? (draft.file === undefined ? null : upload.error);
  return (
      <div className={styles['page']}>
        <header className={styles['title']}>
          <p className="small">
            <Link to="/imports">Imports</Link> <span className="soft">/ New</span>
          </p>
          <h1>{KIND_WORDS[draft.kind].title}</h1>
        </header>
        <Stepper steps={steps.map(([, title]) => title)} now={index} reached={reached} move={move} />
        {target !== undefined && <Banner target={target} />}
        {failure !== null && (
          <Note tone="bad" alert>
            {saidBy(failure)}
            {draft.file !== undefined && upload.error !== null && (
              <button type="button" className="quiet-button" onClick={() => change({ file: undefined, step: 'file', columns: new Map(), dry: undefined })}>
                Choose another file
              </button>
            )}
          </Note>
        )}
        {loading ? (
          failure === null && <Waiting />
        ) : (
          <section aria-label={`Step ${index + 1}: ${steps[index]?.[1]}`} className={styles['page']} tabIndex={-1} ref={heading} data-step>
            {shown === 'file' && <Source draft={draft} change={change} targets={targets.data.targets} upload={upload.data} />}
            {shown === 'columns' && draft.kind === 'export' && <Scope draft={draft} change={change} />}
            {shown === 'columns' && draft.kind !== 'export' && upload.data !== undefined && <Columns draft={draft} change={change} upload={upload.data} />}
            {shown === 'check' && upload.data !== undefined && <Check draft={draft} change={change} upload={upload.data} />}
            {shown === 'run' && target !== undefined && <Start draft={draft} change={change} target={target} upload={upload.data} />}
          </section>
        )}
        <nav className={styles['steps-foot']} aria-label="Steps">
          <Button variant="default" onClick={() => (index === 0 ? go('/imports') : move(index - 1))}>
            {index === 0 ? 'To the runs' : 'Back'}
          </Button>
          <p role="alert" className={styles['mistake']} data-tone="bad">
            {mistake !== undefined && missingIn(shown, draft, target, upload.data) !== undefined ? mistake : ''}
          </p>
          {index < steps.length - 1 && <Button onClick={() => move(index + 1)}>{`Next: ${steps[index + 1]?.[1].toLowerCase()}`}</Button>}
        </nav>
      </div>
  );
}

/** Why it cannot go on from a step. */
function missingIn(step: Step, draft: Draft, target: Target | undefined, upload: Upload | undefined): string | undefined {
  if (target === undefined) {
    return 'Choose where the users are: a target.';
  }
  if (draft.kind === 'export') {
    return undefined;
  }
  if (upload === undefined) {
    return 'Choose a file first, and wait until it is read.';
  }
  if (step !== 'file') {
    const attributes = Object.values(mappingOf(upload, draft.columns));
    const twice = attributes.find((one, index) => attributes.indexOf(one) !== index);
    if (twice !== undefined) {
      return `Two columns become ${twice}; leave one of them out.`;
    }
    if (!attributes.includes('username') && !(draft.kind !== 'import' && attributes.includes('id'))) {
      return draft.kind === 'import' ? 'No column becomes the username. Every user needs one: choose its column.' : 'No column says who is meant: choose the column of the username.';
    }
    if (draft.population !== null && 'name' in draft.population && draft.population.name.trim() === '') {
      return 'The new population needs a name.';
    }
  }
  return undefined;
}

/** The last step that can be shown. */
function reachedBy(draft: Draft, target: Target | undefined, upload: Upload | undefined, steps: readonly (readonly [Step, string])[]): number {
  const stuck = steps.findIndex(([step]) => missingIn(step, draft, target, upload) !== undefined);
  return stuck === -1 ? steps.length - 1 : stuck;
}

/** Begin from what a run did: its options become the draft. A file that is gone has to be sent again. */
function useFrom(from: string | undefined): void {
  const run = useRun(from);
  const file = run.data?.options.file;
  const upload = useUpload(file);
  const known = from !== undefined && (run.error !== null || (run.data !== undefined && (file === undefined || upload.data !== undefined || upload.error !== null)));
  useEffect(() => {
    if (!known) {
      return;
    }
    if (run.data === undefined) {
      go('/imports/new', { replace: true });
      return;
    }
    const draft = draftFrom(run.data.options, upload.data);
    const whole = upload.data !== undefined || draft.kind === 'export';
    const dry = run.data.dry_run && whole ? run.data.id : undefined;
    const step = dry !== undefined ? 'run' : whole ? 'columns' : 'file';
    go(addressOf({ ...draft, file: whole ? draft.file : undefined, dry, step }), { replace: true });
  }, [known, run.data, upload.data]);
}

/** Who goes to another step by the keyboard begins at its top. */
function useMoved(step: Step, loading: boolean): RefObject<HTMLElement | null> {
  const place = useRef<HTMLElement>(null);
  const before = useRef(step);
  useEffect(() => {
    if (!loading && before.current !== step) {
      before.current = step;
      place.current?.focus({ preventScroll: true });
    }
  }, [step, loading]);
  return place;
}

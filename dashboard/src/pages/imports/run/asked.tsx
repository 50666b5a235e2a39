/** A run that asks something: it waits, as a dialog and in the page, until somebody has answered. */
import { Button } from '@mantine/core';
import { useEffect, useId, useRef, useState } from 'react';
import type { ReactElement } from 'react';

import { useSession } from '../../../session.js';
import { refresh, useAsk, usePopulations } from '../asking.js';
import styles from '../imports.module.css';
import { Note } from '../parts.js';
import type { Question, Run } from '../wire.js';
import { populationWords, saidBy } from '../words.js';
import own from './run.module.css';

export interface AskedProps {
  readonly run: Run;
  readonly question: Question;
}

export function Asked({ run, question }: AskedProps): ReactElement {
  const { may } = useSession();
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  const conflict = question.kind === 'population_conflict';
  useEffect(() => {
    // Whoever is asked is asked at once; Escape leaves the question in the page.
    if (may('operator') && dialog.current?.open === false) {
      dialog.current.showModal();
    }
  }, [may, question.kind]);
  const title = conflict ? 'Which population?' : 'A population is not there';
  return (
    <>
      <Note tone="warn" alert={!may('operator')}>
        <strong>The run waits for an answer: {title.toLowerCase()}</strong>{' '}
        {may('operator') ? (
          <button type="button" className="quiet-button" onClick={() => dialog.current?.showModal()}>
            Answer
          </button>
        ) : (
          'An operator has to answer.'
        )}
      </Note>
      {may('operator') && (
        <dialog ref={dialog} className={own['dialog']} aria-labelledby={`${id}title`}>
          <h2 id={`${id}title`}>{title}</h2>
          {conflict ? <Conflict run={run} question={question} close={() => dialog.current?.close()} /> : <Unknown run={run} question={question} close={() => dialog.current?.close()} />}
        </dialog>
      )}
    </>
  );
}

interface PartProps extends AskedProps {
  readonly close: () => void;
}

function useAnswer(run: Run, close: () => void): readonly [(population: unknown) => Promise<void>, string | undefined, boolean] {
  const ask = useAsk();
  const [refusal, setRefusal] = useState<string>();
  const [busy, setBusy] = useState(false);
  const answer = async (population: unknown): Promise<void> => {
    setBusy(true);
    setRefusal(undefined);
    try {
      await ask('POST', ['runs', run.id, 'answer'], { population });
      close();
    } catch (error) {
      setRefusal(saidBy(error));
    }
    setBusy(false);
    void refresh('runs');
  };
  return [answer, refusal, busy];
}

function Conflict({ run, question, close }: PartProps): ReactElement {
  const [answer, refusal, busy] = useAnswer(run, close);
  const populations = usePopulations(run.target.id).data?.populations ?? [];
  const chosen = populationWords(run.options.population, new Map(populations.map(({ id, name }) => [id, name])));
  const columns = question.columns ?? [];
  return (
    <>
      <p>
        {columns.length > 0 ? `The file names a population for each row (${columns.join(', ')})` : 'The file names a population for each row'}, and {chosen} was chosen for the run. Which is right?
      </p>
      <Refusal text={refusal} />
      <div className={own['answers']}>
        <Button loading={busy} onClick={() => void answer('file')}>
          What the file says
        </Button>
        <Button variant="default" loading={busy} onClick={() => void answer('choice')}>
          What was chosen
        </Button>
        <Button variant="default" onClick={close}>
          Later
        </Button>
      </div>
    </>
  );
}

function Unknown({ run, question, close }: PartProps): ReactElement {
  const [answer, refusal, busy] = useAnswer(run, close);
  const populations = usePopulations(run.target.id).data?.populations ?? [];
  const [picked, setPicked] = useState<string>();
  const usual = picked ?? populations.find((one) => one.default)?.id ?? populations[0]?.id ?? '';
  const names = question.names ?? [];
  return (
    <>
      <p>
        {names.length === 1 ? 'The file names a population that does not exist: ' : 'The file names populations that do not exist: '}
        <b>{names.join(', ')}</b>
        {(question.more ?? 0) > 0 && ` and ${question.more} more`}. Where should these rows go?
      </p>
      <label className={styles['field']}>
        <span>Population</span>
        <select value={usual} onChange={({ currentTarget }) => setPicked(currentTarget.value)}>
          {populations.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <Refusal text={refusal} />
      <div className={own['answers']}>
        <Button loading={busy} onClick={() => usual !== '' && void answer({ id: usual })}>
          Take this one
        </Button>
        <Button variant="default" onClick={close}>
          Later
        </Button>
      </div>
    </>
  );
}

function Refusal({ text }: { readonly text: string | undefined }): ReactElement {
  return (
    <p role="alert" className={styles['refused']} data-tone="bad">
      {text ?? ''}
    </p>
  );
}

/** Where users go, and what happens to those that are there, or are not. */
import { useState } from 'react';
import type { ReactElement, ReactNode } from 'react';

import { usePopulations } from '../asking.js';
import styles from '../imports.module.css';
import { many, isPopulation } from '../words.js';
import type { Change, Draft } from './draft.js';
import own from './new.module.css';

const NEW = 'new';

export interface RulesProps {
  readonly draft: Draft;
  readonly change: Change;
  /** What columns become. */
  readonly attributes: readonly string[];
}

export function Rules({ draft, change, attributes }: RulesProps): ReactElement | null {
  const fromFile = attributes.some(isPopulation);
  if (draft.kind === 'delete') {
    return null;
  }
  return (
    <section className="card" aria-labelledby="rules">
      <h2 id="rules">Rules</h2>
      <div className={own['rules']}>
        <WhereTo draft={draft} change={change} fromFile={fromFile} />
        {draft.kind === 'import' && (
          <Choice legend="A user that is there already" name="policy" value={draft.policy} choose={(policy) => change({ policy, dry: undefined })}>
            {[
              ['skip', 'Skip', 'Left as it is, and counted as skipped.'],
              ['update', 'Update', 'Gets what the file says; empty cells change nothing.'],
              ['fail', 'Fail', 'The row is counted as failed.'],
            ]}
          </Choice>
        )}
        {fromFile && (
          <>
            <Choice legend="The file names a population, and one is chosen" name="from-column" value={draft.populationFrom} choose={(populationFrom) => change({ populationFrom, dry: undefined })}>
              {[
                ['ask', 'Ask', 'The run waits at its beginning until somebody has answered.'],
                ['file', 'The file', 'Each row goes where its column says.'],
                ['choice', 'The choice', 'All go to the population that is chosen here.'],
              ]}
            </Choice>
            <Choice legend="A population of the file that does not exist" name="unknown" value={draft.unknownPopulation} choose={(unknownPopulation) => change({ unknownPopulation, dry: undefined })}>
              {[
                ['ask', 'Ask', 'The run waits until somebody has said which to take.'],
                ['choice', 'The choice', 'Such rows go to the population that is chosen here.'],
                ['fail', 'Fail', 'Such rows are counted as failed.'],
              ]}
            </Choice>
          </>
        )}
        {draft.kind === 'modify' && (
          <label className={own['tick']}>
            <input type="checkbox" checked={draft.createMissing} onChange={({ currentTarget }) => change({ createMissing: currentTarget.checked, dry: undefined })} />
            <span>
              Create users that are not there
              <span className="soft small">Otherwise such rows are counted as failed.</span>
            </span>
          </label>
        )}
        {attributes.includes('password') && (
          <label className={own['tick']}>
            <input type="checkbox" checked={draft.forceChange} onChange={({ currentTarget }) => change({ forceChange: currentTarget.checked, dry: undefined })} />
            <span>
              Users choose a new password when they sign in first
              <span className="soft small">Passwords are sent to PingOne, and are shown and logged nowhere.</span>
            </span>
          </label>
        )}
      </div>
    </section>
  );
}

interface WhereToProps {
  readonly draft: Draft;
  readonly change: Change;
  readonly fromFile: boolean;
}

function WhereTo({ draft: { population, target, kind }, change, fromFile }: WhereToProps): ReactElement {
  const { data, error } = usePopulations(target);
  const populations = data?.populations ?? [];
  const usual = populations.find((one) => one.default);
  const [name, setName] = useState(population !== null && 'name' in population ? population.name : '');
  const fresh = population !== null && 'name' in population;
  const value = population === null ? '' : 'id' in population ? population.id : NEW;
  const choose = (wanted: string): void => {
    change({ population: wanted === '' ? null : wanted === NEW ? { name: name.trim() || 'Imported', create: true } : { id: wanted }, dry: undefined });
    if (wanted === NEW && name === '') {
      setName('Imported');
    }
  };
  return (
    <div className={own['where']}>
      <label className={styles['field']}>
        <span>Population</span>
        <select value={value} onChange={({ currentTarget }) => choose(currentTarget.value)}>
          <option value="">{kind === 'modify' ? 'As it is' : `The default population${usual === undefined ? '' : ` (${usual.name})`}`}</option>
          {value !== '' && value !== NEW && !populations.some(({ id }) => id === value) && <option value={value}>{value}</option>}
          {populations.map((one) => (
            <option key={one.id} value={one.id}>
              {one.name}
              {one.users === null ? '' : ` (${many(one.users, 'user')})`}
            </option>
          ))}
          <option value={NEW}>A new population…</option>
        </select>
        <span className="soft">{error !== null ? `The populations could not be read: ${error.message}` : fromFile ? 'For rows whose column does not say another one.' : 'Where users go.'}</span>
      </label>
      {fresh && (
        <label className={styles['field']}>
          <span>Name of the new population</span>
          <input
            value={name}
            maxLength={256}
            autoComplete="off"
            onChange={({ currentTarget }) => setName(currentTarget.value)}
            onBlur={() => change({ population: { name: name.trim(), create: true }, dry: undefined })}
          />
          <span className="soft">It is made when the run begins; a dry run makes none.</span>
        </label>
      )}
    </div>
  );
}

interface ChoiceProps<T extends string> {
  readonly legend: string;
  readonly name: string;
  readonly value: T;
  readonly choose: (value: T) => void;
  readonly children: readonly (readonly [string, string, string] | readonly string[])[];
}

function Choice<T extends string>({ legend, name, value, choose, children }: ChoiceProps<T>): ReactElement {
  return (
    <fieldset className={own['choice']}>
      <legend>{legend}</legend>
      {children.map(([key = '', label, meaning]): ReactNode => (
        <label key={key}>
          <input type="radio" name={name} checked={value === key} onChange={() => choose(key as T)} />
          <span>
            {label}
            <span className="soft small">{meaning}</span>
          </span>
        </label>
      ))}
    </fieldset>
  );
}

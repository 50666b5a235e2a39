/** Which applications are shown. What is chosen stands in the address, so that it can be sent to somebody. */
import type { ReactElement } from 'react';

import { count } from 'headway-react/words';

import { go } from '../../address.js';
import { SORTS, SORT_WORDS } from './arranging.js';
import type { Choice, Sort } from './arranging.js';
import type { Card } from './fleet.js';
import styles from './monitor.module.css';
import { statusWords } from './words.js';

const SHOWN = ['', 'healthy', 'warning', 'error', 'unconfigured'] as const;
/** Only where there are some: nobody needs a button for nothing. */
const OTHERS = ['unknown', 'maintenance', 'paused'] as const;

export function choiceOf(search: string): Choice {
  const query = new URLSearchParams(search);
  const text = (name: string): string => query.get(name) ?? '';
  const sort = text('sort') as Sort;
  return {
    status: text('status'),
    environment: text('environment'),
    category: text('category'),
    tag: text('tag'),
    q: text('q'),
    sort: SORTS.includes(sort) ? sort : 'worst',
  };
}

function show(choice: Choice): void {
  const query = new URLSearchParams(Object.entries(choice).filter(([name, value]) => value !== '' && !(name === 'sort' && value === 'worst')));
  go(`/monitor${query.size === 0 ? '' : `?${query}`}`, { replace: true });
}

/** In which order. */
export function Order({ choice }: { readonly choice: Choice }): ReactElement {
  return (
    <select className={styles['select']} aria-label="Order" value={choice.sort} onChange={({ currentTarget }) => show({ ...choice, sort: currentTarget.value as Sort })}>
      {SORTS.map((sort) => (
        <option key={sort} value={sort}>
          {SORT_WORDS[sort]}
        </option>
      ))}
    </select>
  );
}

export interface FiltersProps {
  readonly choice: Choice;
  /** All of them: what there is to choose. */
  readonly cards: readonly Card[];
  /** Of those that the other filters let through. */
  readonly counts: Readonly<Record<string, number>>;
}

export function Filters({ choice, cards, counts }: FiltersProps): ReactElement {
  const applications = cards.map(({ application }) => application);
  const choose = (change: Partial<Choice>): void => show({ ...choice, ...change });
  const statuses = [...SHOWN, ...OTHERS.filter((status) => (counts[status] ?? 0) > 0 || choice.status === status)];
  return (
    <div className={styles['filters']} role="search" aria-label="Applications">
      <div className={styles['statuses']} role="group" aria-label="Status">
        {statuses.map((status) => {
          const [word, tone] = status === '' ? (['All', 'calm'] as const) : statusWords(status);
          return (
            <button key={status} type="button" aria-pressed={choice.status === status} data-tone={status === '' ? undefined : tone} onClick={() => choose({ status })}>
              {word} <b className="numbers">{count(counts[status] ?? 0)}</b>
            </button>
          );
        })}
      </div>
      <div className={styles['selects']}>
        <input
          type="search"
          className={styles['select']}
          placeholder="Search"
          aria-label="Search by name, tag or team"
          value={choice.q}
          maxLength={100}
          onChange={({ currentTarget }) => choose({ q: currentTarget.value })}
        />
        <Select label="Environment" all="Every environment" value={choice.environment} options={applications.map(({ environment }) => environment)} choose={(environment) => choose({ environment })} />
        <Select label="Category" all="Every category" value={choice.category} options={applications.map(({ category }) => category)} choose={(category) => choose({ category })} />
        <Select label="Tag" all="Every tag" value={choice.tag} options={applications.flatMap(({ tags }) => tags)} choose={(tag) => choose({ tag })} />
      </div>
    </div>
  );
}

interface SelectProps {
  readonly label: string;
  readonly all: string;
  readonly value: string;
  readonly options: readonly string[];
  readonly choose: (value: string) => void;
}

function Select({ label, all, value, options, choose }: SelectProps): ReactElement {
  // What is chosen is there even where no application has it any more.
  const known = [...new Set([...options, value])].filter((option) => option !== '').sort((one, other) => one.localeCompare(other));
  return (
    <select className={styles['select']} aria-label={label} value={value} onChange={({ currentTarget }) => choose(currentTarget.value)}>
      <option value="">{all}</option>
      {known.map((option) => (
        <option key={option}>{option}</option>
      ))}
    </select>
  );
}

/** The steps of a login as a list: added, taken away, moved up and down, each with the fields of its kind. */
import { useRef } from 'react';
import type { ReactElement } from 'react';

import { Icon } from '../../../icons.js';
import styles from '../monitor.module.css';
import type { Step } from '../wire.js';
import { STEP_FIELDS, STEP_MORE, STEP_WORDS } from './fields.js';
import { Inputs } from './inputs.js';
import own from './steps.module.css';

export interface StepsProps {
  readonly label: string;
  readonly steps: readonly Step[];
  readonly change: (steps: readonly Step[]) => void;
}

/** A step keeps its key while it is changed and moved, so that its fields keep what is in them. */
export function Steps({ label, steps, change }: StepsProps): ReactElement {
  const list = useRef<HTMLOListElement>(null);
  const keys = useRef(new WeakMap<Step, number>());
  const next = useRef(0);
  const keyOf = (step: Step): number => {
    const known = keys.current.get(step) ?? (next.current += 1);
    keys.current.set(step, known);
    return known;
  };
  const put = (index: number, step: Step): void => {
    const before = steps[index];
    if (before !== undefined) {
      keys.current.set(step, keyOf(before));
    }
    change(steps.map((one, at) => (at === index ? step : one)));
  };
  const move = (index: number, by: number): void => {
    const target = index + by;
    const moved = [...steps];
    const [step] = moved.splice(index, 1);
    if (step === undefined || target < 0 || target > moved.length) {
      return;
    }
    moved.splice(target, 0, step);
    change(moved);
    // The buttons go with their step: so does the keyboard.
    requestAnimationFrame(() => list.current?.children[target]?.querySelector<HTMLElement>(by < 0 ? '[data-up]' : '[data-down]')?.focus());
  };
  const add = (): void => {
    change([...steps, { type: 'click', selector: '' }]);
    requestAnimationFrame(() => list.current?.lastElementChild?.querySelector('select')?.focus());
  };
  return (
    <div className={styles['wide']}>
      <ol className={own['steps']} ref={list} aria-label={label}>
        {steps.map((step, index) => (
          <li key={keyOf(step)}>
            <One number={index + 1} last={index === steps.length - 1} step={step} put={(one) => put(index, one)} move={(by) => move(index, by)} remove={() => change(steps.filter((_, at) => at !== index))} />
          </li>
        ))}
      </ol>
      <button type="button" className="quiet-button" onClick={add}>
        Add a step
      </button>
    </div>
  );
}

interface OneProps {
  readonly number: number;
  readonly last: boolean;
  readonly step: Step;
  readonly put: (step: Step) => void;
  readonly move: (by: number) => void;
  readonly remove: () => void;
}

function One({ number, last, step, put, move, remove }: OneProps): ReactElement {
  const set = (name: string, value: unknown): void => {
    const { [name]: _, ...rest } = step;
    put(value === undefined || value === false ? { ...rest, type: step.type } : { ...step, [name]: value });
  };
  const retype = (type: string): void => {
    const kept = (STEP_FIELDS[type] ?? []).filter(({ name }) => name in step).map(({ name }) => [name, step[name]] as const);
    put({ ...Object.fromEntries(kept), ...(step['optional'] === true ? { optional: true } : {}), type });
  };
  const of = `Step ${number}, `;
  return (
    <fieldset className={own['step']}>
      <legend className="unseen">Step {number}</legend>
      <div className={own['head']}>
        <span className="soft numbers" aria-hidden="true">
          {number}
        </span>
        <select className={styles['select']} aria-label={`${of}what it does`} value={step.type} onChange={({ currentTarget }) => retype(currentTarget.value)}>
          {Object.entries(STEP_WORDS).map(([type, word]) => (
            <option key={type} value={type}>
              {word}
            </option>
          ))}
        </select>
        <span className={own['moves']}>
          <button type="button" data-up className="icon-button" aria-label={`Move step ${number} up`} aria-disabled={number === 1} onClick={() => move(-1)}>
            <span aria-hidden="true">↑</span>
          </button>
          <button type="button" data-down className="icon-button" aria-label={`Move step ${number} down`} aria-disabled={last} onClick={() => move(1)}>
            <span aria-hidden="true">↓</span>
          </button>
          <button type="button" className="icon-button" aria-label={`Remove step ${number}`} onClick={remove}>
            <Icon name="close" size={16} />
          </button>
        </span>
      </div>
      <div className={styles['form']}>
        <Inputs key={step.type} specs={STEP_FIELDS[step.type] ?? []} values={step} change={set} of={of} />
      </div>
      <details className={styles['more']} open={STEP_MORE.some(({ name }) => name in step)}>
        <summary>More</summary>
        <div className={styles['form']}>
          <Inputs specs={STEP_MORE} values={step} change={set} of={of} />
        </div>
      </details>
    </fieldset>
  );
}

import type { ReactElement } from 'react';

import styles from './new.module.css';

export interface StepperProps {
  readonly steps: readonly string[];
  readonly now: number;
  /** The last that can be gone to. */
  readonly reached: number;
  readonly move: (to: number) => void;
}

/** Where one is on the way, and the way back. */
export function Stepper({ steps, now, reached, move }: StepperProps): ReactElement {
  return (
    <ol className={styles['stepper']} aria-label="The way to the run">
      {steps.map((title, index) => (
        <li key={title} data-done={index < now} data-now={index === now}>
          <button type="button" aria-current={index === now ? 'step' : undefined} aria-disabled={index > reached} onClick={() => index !== now && index <= reached && move(index)}>
            <span className={styles['number']}>{index + 1}</span>
            <span className={styles['step']}>{title}</span>
          </button>
        </li>
      ))}
    </ol>
  );
}

/** Parts of several pages of imports. */
import type { Tone } from 'headway-react';
import { count } from 'headway-react/words';
import type { ReactElement, ReactNode } from 'react';

import { Glyph } from 'headway-react';
import { Link } from '../../shell/link.js';
import styles from './imports.module.css';
import { outcomesOf } from './words.js';
import type { Counts, Kind, Target } from './wire.js';

export interface NoteProps {
  readonly tone: Tone;
  readonly alert?: boolean | undefined;
  readonly children: ReactNode;
}

/** A sentence that matters. */
export function Note({ tone, alert = false, children }: NoteProps): ReactElement {
  return (
    <div className={styles['note']} data-tone={tone} role={alert ? 'alert' : undefined}>
      <Glyph tone={tone} />
      <div>{children}</div>
    </div>
  );
}

/** What becomes of real people, or where it is not known whether it would. */
export function Banner({ target }: { readonly target: Pick<Target, 'id' | 'name' | 'environment_type'> & { readonly environment_name?: string | null } }): ReactElement | null {
  if (target.environment_type === 'PRODUCTION') {
    return (
      <div className={styles['production']} role="note" aria-label="Production environment">
        <Glyph tone="warn" />
        <p>
          <strong>Production environment: {target.environment_name ?? target.name}.</strong> What runs here changes the accounts of real people.
        </p>
      </div>
    );
  }
  if (target.environment_type === null) {
    return (
      <Note tone="warn">
        It is not known whether {target.name} is a production environment. <Link to="/imports/targets">Test its connection</Link> to find out.
      </Note>
    );
  }
  return null;
}

/** By outcome, each in its place from the start. */
export function Outcomes({ counts, kind, dry, big = false }: { readonly counts: Counts; readonly kind: Kind; readonly dry: boolean; readonly big?: boolean }): ReactElement {
  return (
    <ul className={big ? styles['outcomes-big'] : styles['outcomes']} aria-label="By outcome">
      {outcomesOf(counts, kind, dry && big).map(({ name, label, many, tone }) => (
        <li key={name} data-tone={tone} data-none={many === 0} data-outcome={name}>
          <Glyph tone={tone} /> <b>{count(many)}</b> <span>{label}</span>
        </li>
      ))}
    </ul>
  );
}

import type { ReactElement } from 'react';

import { Link } from '../../../shell/link.js';
import { Note } from '../parts.js';
import type { Run } from '../wire.js';
import { adviceFor, ended } from '../words.js';

/** Why the whole run was stopped, and what to do about it. */
export function Stopped({ run }: { readonly run: Run }): ReactElement | null {
  if (run.stopped === null) {
    return null;
  }
  const { title, todo } = adviceFor(run.stopped.code, run.stopped.message);
  return (
    <Note tone="bad" alert>
      <strong>{title}.</strong> {ended(run.stopped.message)} <code>{run.stopped.code}</code>
      <p>
        {todo} <Link to={`/imports/targets?target=${encodeURIComponent(run.target.id)}`}>Targets</Link>
      </p>
    </Note>
  );
}

import type { ReactElement } from 'react';

import { Note } from '../parts.js';
import type { Run } from '../wire.js';
import { ended, many } from '../words.js';

/** What became of it, in a sentence. */
export function Result({ run, error }: { readonly run: Run; readonly error: string | undefined }): ReactElement {
  const { counts } = run;
  const failed = counts['failed'] ?? 0;
  const left = counts['not_attempted'] ?? 0;
  if (run.status === 'completed') {
    return (
      <Note tone={failed > 0 ? 'warn' : 'good'}>
        <strong>{run.dry_run ? 'Counted' : 'Done'}.</strong>{' '}
        {run.kind === 'export'
          ? `${many(run.total ?? 0, 'user')} ${run.dry_run ? 'would be written.' : 'were written.'}`
          : failed === 0
            ? run.dry_run
              ? 'No row would fail. Nothing was written.'
              : 'No row failed.'
            : `${many(failed, 'row')} ${run.dry_run ? 'would fail' : 'failed'}. ${run.dry_run ? 'Nothing was written.' : 'Mend them in rejects.csv, which says why for each, and import that file.'}`}
      </Note>
    );
  }
  const why = run.stopped?.message ?? error;
  return (
    <Note tone={run.status === 'failed' ? 'bad' : 'warn'}>
      <strong>{run.status === 'failed' ? 'It failed' : 'It was cancelled'}.</strong> {why === undefined ? '' : ended(why)}{' '}
      {left > 0 && `${many(left, 'row')} ${left === 1 ? 'was' : 'were'} not attempted.`} {run.dry_run ? 'Nothing was written.' : 'What was done before stays done.'}
    </Note>
  );
}

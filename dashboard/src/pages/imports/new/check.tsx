/** Step 3: what would be sent, and what would become of all rows. Nothing is written. */
import { useQuery } from '@tanstack/react-query';
import type { HeadwayError } from 'headway-client';
import { count } from 'headway-react/words';
import type { ReactElement } from 'react';

import { Glyph } from 'headway-react';
import { useAsk } from '../asking.js';
import styles from '../imports.module.css';
import { Note } from '../parts.js';
import type { Preview, Upload } from '../wire.js';
import { many, saidBy } from '../words.js';
import { mappingOf } from './draft.js';
import type { Change, Draft } from './draft.js';
import { DryRun } from './dry-run.js';
import own from './new.module.css';

/** Characters of a value: a line or two of a page. */
const LONGEST = 120;

export interface CheckProps {
  readonly draft: Draft;
  readonly change: Change;
  readonly upload: Upload;
}

export function Check({ draft, change, upload }: CheckProps): ReactElement {
  return (
    <>
      <Rows draft={draft} upload={upload} />
      <DryRun draft={draft} change={change} upload={upload} />
    </>
  );
}

function Rows({ draft, upload }: Omit<CheckProps, 'change'>): ReactElement {
  const ask = useAsk();
  const wanted = { target: draft.target, mapping: mappingOf(upload, draft.columns), population: draft.population, policy: draft.policy };
  const { data, error } = useQuery<Preview, HeadwayError>({
    queryKey: ['preview', upload.id, wanted],
    queryFn: () => ask('POST', ['files', upload.id, 'preview'], wanted),
    staleTime: Infinity,
  });
  const problems = Object.entries(data?.problems ?? {});
  const verb = draft.kind === 'import' ? 'As they would be sent' : 'As they are read';
  return (
    <section className="card" aria-labelledby="preview">
      <div className="card-head">
        <div>
          <h2 id="preview">Preview</h2>
          <p className="soft small" role="status">
            {data === undefined ? 'Looking at the rows…' : `${verb}: the first ${count(data.rows.length)} of ${many(upload.rows, 'row')}. ${many(data.looked_at, 'row')} looked at.`}
          </p>
        </div>
      </div>
      {error !== null && (
        <Note tone="bad" alert>
          {saidBy(error)}
        </Note>
      )}
      {data !== undefined && (
        <>
          {problems.length === 0 ? (
            <Note tone="good">No problem was found in what was looked at.</Note>
          ) : (
            <Note tone="warn">
              Problems: {problems.map(([code, value]) => `${count(value)} × ${code}`).join(', ')}. Such rows fail, and are in the file of rejects.
            </Note>
          )}
          <div className={styles['scroll']} role="region" aria-label="Rows, as a table" tabIndex={0} data-tall>
            <table className={styles['table']}>
              <thead>
                <tr>
                  <th scope="col">Row</th>
                  <th scope="col">User</th>
                  <th scope="col">What is sent</th>
                  <th scope="col">Problems</th>
                </tr>
              </thead>
              <tbody>
                {data.rows.map((row) => (
                  <tr key={row.row}>
                    <td data-label="Row" className="numbers soft">
                      {count(row.row)}
                    </td>
                    <th scope="row">{row.username || <span className="soft">without a name</span>}</th>
                    <td data-label="What is sent" className={own['body']}>
                      <code>{flat(row.body)}</code>
                    </td>
                    <td data-label="Problems">
                      {row.problems.length === 0 ? (
                        <span className="soft">none</span>
                      ) : (
                        row.problems.map((problem) => (
                          <span key={`${problem.code} ${problem.field}`} className={styles['outcome']} data-tone="bad">
                            <Glyph tone="bad" />
                            <span>
                              {problem.message} <code className="soft">{problem.code}</code>
                            </span>
                          </span>
                        ))
                      )}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </>
      )}
    </section>
  );
}

/** One line: `username ada · name.given Ada`. */
function flat(value: unknown, path = ''): string {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    return `${path} ${text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text}`;
  }
  return Object.entries(value)
    .map(([name, part]) => flat(part, path === '' ? name : `${path}.${name}`))
    .join(' · ');
}

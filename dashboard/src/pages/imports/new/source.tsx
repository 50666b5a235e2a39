/** Step 1: what is done, where, and with which file. */
import { count } from 'headway-react/words';
import type { ReactElement } from 'react';

import { Link } from '../../../shell/link.js';
import { KINDS } from '../wire.js';
import type { Kind, Target, Upload } from '../wire.js';
import { KIND_WORDS, bytes, dateOf, many } from '../words.js';
import type { Change, Draft } from './draft.js';
import { Drop } from './drop.js';
import own from './new.module.css';

const MEANINGS: Readonly<Record<Kind, string>> = {
  import: 'Create a user for each row of a file; those that are there are skipped or updated.',
  export: 'Write users to a file. Nothing is changed.',
  modify: 'Change users that are there by what a file says.',
  delete: 'Delete the users that a file names.',
};

const DELIMITERS: Readonly<Record<string, string>> = { ',': 'by commas', ';': 'by semicolons', '\t': 'by tabs', '|': 'by bars' };

export interface SourceProps {
  readonly draft: Draft;
  readonly change: Change;
  readonly targets: readonly Target[];
  readonly upload: Upload | undefined;
}

export function Source({ draft, change, targets, upload }: SourceProps): ReactElement {
  return (
    <>
      <section className="card" aria-labelledby="what">
        <h2 id="what">What is to be done</h2>
        <div className={own['kinds']} role="radiogroup" aria-labelledby="what">
          {KINDS.map((kind) => (
            <label key={kind} data-chosen={draft.kind === kind}>
              <input type="radio" name="kind" checked={draft.kind === kind} onChange={() => change({ kind, dry: undefined })} />
              <span>
                <b>{KIND_WORDS[kind].verb}</b>
                <span className="soft small">{MEANINGS[kind]}</span>
              </span>
            </label>
          ))}
        </div>
      </section>
      <section className="card" aria-labelledby="target">
        <div className="card-head">
          <h2 id="target">Target</h2>
          <Link to="/imports/targets" className="small">
            Targets and credentials
          </Link>
        </div>
        <div className={own['targets']} role="radiogroup" aria-labelledby="target">
          {targets.map((target) => (
            <label key={target.id} data-chosen={draft.target === target.id} data-production={target.environment_type === 'PRODUCTION'}>
              {/* Populations belong to a target: with another one they are chosen anew. */}
              <input type="radio" name="target" checked={draft.target === target.id} onChange={() => change({ target: target.id, population: null, scope: { ...draft.scope, population: null }, dry: undefined })} />
              <span>
                <b>{target.name}</b>
                <span className="soft small">{aboutOf(target)}</span>
              </span>
            </label>
          ))}
        </div>
      </section>
      {draft.kind !== 'export' && (
        <section className="card" aria-labelledby="file">
          <h2 id="file">File</h2>
          {upload !== undefined && <Chosen upload={upload} />}
          <Drop again={upload !== undefined} take={(file) => change({ file: file.id, columns: new Map(), dry: undefined })} />
        </section>
      )}
    </>
  );
}

function Chosen({ upload }: { readonly upload: Upload }): ReactElement {
  const { format } = upload;
  const delimiter = DELIMITERS[format.delimiter] ?? `by ${format.delimiter}`;
  return (
    <div className={own['chosen']}>
      <p>
        <b>{upload.name}</b>{' '}
        <span className="soft">
          {many(upload.rows, 'row')}, {many(upload.header.length, 'column')}, {bytes(upload.bytes)}
        </span>
      </p>
      <p className="soft small">
        Read as {format.encoding}
, separated {delimiter}. Kept until {dateOf(upload.expires_at)}.
      </p>
      {upload.notes.length > 0 && (
        <ul className={own['notes']} data-tone="warn">
          {upload.notes.map((note) => (
            <li key={note}>{note}</li>
          ))}
        </ul>
      )}
    </div>
  );
}

function aboutOf(target: Target): string {
  if (target.kind === 'sandbox') {
    return 'built in: a server that behaves as PingOne does. Nothing leaves this machine';
  }
  const type = target.environment_type === 'PRODUCTION' ? 'production' : target.environment_type === 'SANDBOX' ? 'sandbox environment' : 'not tested yet';
  return [target.environment_name, target.region === null ? undefined : `region ${target.region}`, type, target.rate === null ? undefined : `${count(target.rate)} requests/s`].filter(Boolean).join(' · ');
}

/** Applications as a file: what an import would change is shown before it does. */
import { Button } from '@mantine/core';
import { useState } from 'react';
import type { ReactElement } from 'react';

import { go } from '../../../address.js';
import { useRecord } from '../../../records.js';
import { useSession } from '../../../session.js';
import { tell } from '../../../shell/notices.js';
import { pathOf, refresh, useDownload, useFetch } from '../asking.js';
import styles from '../monitor.module.css';
import { Field, Note, Refusal, Word } from '../parts.js';
import { ended, many, saidBy } from '../words.js';
import own from './settings.module.css';

const FORMATS = [
  ['', 'What it looks like'],
  ['headway', 'Headway'],
  ['gatus', 'Gatus'],
  ['upptime', 'Upptime'],
] as const;
const LARGEST = 1_048_576;

interface Imported {
  readonly format: string;
  readonly dryRun: boolean;
  readonly created: readonly string[];
  readonly updated: readonly string[];
  readonly unchanged: readonly string[];
  readonly skipped: readonly { readonly name: string; readonly why: string }[];
  readonly notes?: readonly { readonly name: string; readonly note: string }[];
}

interface Followed {
  readonly file?: { readonly name: string; readonly problem: string | null } | null;
}

export function Exchange(): ReactElement {
  const { may } = useSession();
  const { data } = useRecord<Followed>(pathOf('monitor', 'settings'));
  const file = data?.file ?? undefined;
  return (
    <>
      {file !== undefined && (
        <Note tone={file.problem ? 'bad' : 'calm'} alert={Boolean(file.problem)}>
          {file.problem ? `The file ${file.name} is not taken: ${ended(file.problem)}` : `What stands in the file ${file.name} is taken over whenever it changes.`}
        </Note>
      )}
      {may('admin') && <Import />}
      <Export />
      {may('admin') && <Templates />}
    </>
  );
}

function Import(): ReactElement {
  const get = useFetch();
  const [text, setText] = useState('');
  const [format, setFormat] = useState('');
  const [found, setFound] = useState<Imported>();
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<string>();
  const send = async (dry: boolean): Promise<void> => {
    setBusy(true);
    setRefusal(undefined);
    try {
      const query = new URLSearchParams({ ...(format && { format }), dryRun: String(dry) });
      const answer = await get(`${pathOf('applications', 'import')}?${query}`, { method: 'POST', body: text, headers: { 'Content-Type': 'text/yaml' } });
      const imported = (await answer.json()) as Imported;
      setFound(imported);
      if (!dry) {
        tell({ tone: 'good', title: `${many(imported.created.length, 'application')} added, ${imported.updated.length} changed`, to: '/monitor' });
        void refresh('applications');
      }
    } catch (error) {
      setFound(undefined);
      setRefusal(saidBy(error));
    }
    setBusy(false);
  };
  const change = (next: string): void => {
    setText(next);
    setFound(undefined);
  };
  const take = async (file: File | undefined): Promise<void> => {
    if (file !== undefined) {
      change(file.size > LARGEST ? '' : await file.text());
      setRefusal(file.size > LARGEST ? 'The file is larger than 1 MB.' : undefined);
    }
  };
  const changes = found === undefined ? 0 : found.created.length + found.updated.length;
  return (
    <section className={`card ${styles['stack']}`} aria-labelledby="import">
      <h2 id="import">Import</h2>
      <div className={styles['form']}>
        <Field label="File">
          <input type="file" accept=".yaml,.yml,text/yaml" onChange={({ currentTarget }) => void take(currentTarget.files?.[0])} />
        </Field>
        <Field label="Format">
          <select
            value={format}
            onChange={({ currentTarget }) => {
              setFormat(currentTarget.value);
              setFound(undefined);
            }}
          >
            {FORMATS.map(([name, words]) => (
              <option key={name} value={name}>
                {words}
              </option>
            ))}
          </select>
        </Field>
        <Field label="or its text" wide>
          <textarea value={text} spellCheck={false} placeholder={'applications:\n  - name: user-service\n    healthCheck: {url: https://user-service.example/health}'} onChange={({ currentTarget }) => change(currentTarget.value)} />
        </Field>
      </div>
      <div className={styles['buttons']}>
        <Button variant={found === undefined ? 'filled' : 'default'} loading={busy} disabled={text.trim() === ''} onClick={() => void send(true)}>
          See what would change
        </Button>
        {found?.dryRun === true && changes > 0 && (
          <Button loading={busy} onClick={() => void send(false)}>
            Import {many(changes, 'application')}
          </Button>
        )}
        <Refusal text={refusal} />
      </div>
      <div role="status">{found !== undefined && <Changes found={found} />}</div>
    </section>
  );
}

function Changes({ found }: { readonly found: Imported }): ReactElement {
  const { created, updated, unchanged, skipped, notes = [], dryRun, format } = found;
  const rows = [
    ...created.map((name) => ({ name, word: dryRun ? 'would be added' : 'added', tone: 'good' as const, why: '' })),
    ...updated.map((name) => ({ name, word: dryRun ? 'would be changed' : 'changed', tone: 'busy' as const, why: '' })),
    ...skipped.map(({ name, why }) => ({ name, word: 'left out', tone: 'bad' as const, why })),
    ...unchanged.map((name) => ({ name, word: 'stays as it is', tone: 'calm' as const, why: '' })),
  ].map((row) => ({ ...row, why: row.why || notes.filter(({ name }) => name === row.name).map(({ note }) => ended(note)).join(' ') }));
  if (rows.length === 0) {
    return <p className="soft">There is no application in it.</p>;
  }
  return (
    <>
      <p className="soft small">
        Read as {format}: {[many(created.length, 'new one'), `${updated.length} changed`, `${unchanged.length} unchanged`, `${skipped.length} left out`].join(', ')}. {dryRun ? 'Nothing was changed yet.' : ''}
      </p>
      <div className={styles['scroll']} data-tall role="region" aria-label="Changes, as a table" tabIndex={0}>
        <table className={styles['table']}>
          <thead>
            <tr>
              <th scope="col">Application</th>
              <th scope="col">What becomes of it</th>
              <th scope="col">Why, or what is not the same</th>
            </tr>
          </thead>
          <tbody>
            {rows.map(({ name, word, tone, why }) => (
              <tr key={`${word} ${name}`}>
                <th scope="row">{name}</th>
                <td>
                  <Word tone={tone}>{word}</Word>
                </td>
                <td data-wide>{ended(why) || <span className="soft">–</span>}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

function Export(): ReactElement {
  const download = useDownload();
  const keep = async (): Promise<void> => {
    try {
      await download(pathOf('applications', 'export'), 'applications.yaml');
    } catch (error) {
      tell({ tone: 'bad', title: 'The file could not be got', detail: saidBy(error) });
    }
  };
  return (
    <section className="card" aria-labelledby="export">
      <div className="card-head">
        <h2 id="export">Export</h2>
        <Button size="compact-sm" variant="default" onClick={() => void keep()}>
          Download applications.yaml
        </Button>
      </div>
      <p className="soft">All applications as they are written. There is no password in it: only names of variables and files.</p>
    </section>
  );
}

interface Template {
  readonly name: string;
  readonly title: string;
  readonly description?: string;
}

function Templates(): ReactElement | null {
  const { data } = useRecord<{ readonly templates: readonly Template[] }>(pathOf('applications', 'templates'));
  return data === undefined ? null : (
    <section className="card" aria-labelledby="templates">
      <div className="card-head">
        <h2 id="templates">Templates</h2>
      </div>
      <ul className={own['list']}>
        {data.templates.map(({ name, title, description }) => (
          <li key={name} className={own['line']}>
            <b>{title}</b>
            <span className="soft small">{description}</span>
            <span className={own['actions']}>
              <button type="button" className="quiet-button" aria-label={`Begin with ${title}`} onClick={() => go(`/monitor/new?template=${encodeURIComponent(name)}`)}>
                Begin
              </button>
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

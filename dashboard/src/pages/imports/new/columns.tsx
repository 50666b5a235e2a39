/** Step 2: what each column becomes, where users go, and what happens to those that are there. */
import { percent } from 'headway-react/words';
import { useMemo } from 'react';
import type { ReactElement } from 'react';

import { useRecord } from '../../../records.js';
import { pathOf } from '../asking.js';
import styles from '../imports.module.css';
import type { Attribute, Upload } from '../wire.js';
import { many } from '../words.js';
import { chosen, suggestionFor } from './draft.js';
import type { Change, Draft } from './draft.js';
import own from './new.module.css';
import { Rules } from './rules.js';
import { Saved } from './saved.js';

/** What a column can become beside the attributes of the schema. */
const MORE = ['username', 'email', 'name.given', 'name.family', 'password', 'population', 'enabled'];

/** Cells of a column that are shown. */
const CELLS = 3;

export interface ColumnsProps {
  readonly draft: Draft;
  readonly change: Change;
  readonly upload: Upload;
}

export function Columns({ draft, change, upload }: ColumnsProps): ReactElement {
  const schema = useRecord<{ readonly attributes: readonly Attribute[] }>(pathOf('targets', draft.target ?? '', 'schema'), { when: draft.target !== undefined });
  const becomes = chosen(upload, draft.columns);
  const attributes = useMemo(() => attributesOf(schema.data?.attributes ?? [], upload, becomes), [schema.data, upload, becomes]);
  const used = becomes.filter((one) => one !== null);
  const choose = (index: number, attribute: string | null): void => {
    const columns = new Map(draft.columns);
    const suggested = suggestionFor(upload, upload.header[index] ?? '', index)?.attribute ?? null;
    if (attribute === suggested) {
      columns.delete(index);
    } else {
      columns.set(index, attribute);
    }
    change({ columns, dry: undefined });
  };
  return (
    <>
      <section className="card" aria-labelledby="columns">
        <div className="card-head">
          <div>
            <h2 id="columns">Columns</h2>
            <p className="soft small" role="status">
              {used.length} of {many(becomes.length, 'column')} are used; the others are left out.
            </p>
          </div>
          <Saved upload={upload} columns={draft.columns} apply={(columns) => change({ columns, dry: undefined })} />
        </div>
        <div className={styles['scroll']} role="region" aria-label="Columns, as a table" tabIndex={0}>
          <table className={`${styles['table']} ${own['columns']}`}>
            <thead>
              <tr>
                <th scope="col">Column</th>
                <th scope="col">Becomes</th>
                <th scope="col">Filled</th>
                <th scope="col">For example</th>
              </tr>
            </thead>
            <tbody>
              {upload.header.map((column, index) => {
                const attribute = becomes[index] ?? null;
                const double = attribute !== null && used.filter((one) => one === attribute).length > 1;
                const suggestion = suggestionFor(upload, column, index);
                return (
                  <tr key={index} data-out={attribute === null}>
                    <th scope="row">{column === '' ? <span className="soft">without a name</span> : column}</th>
                    <td data-label="Becomes">
                      <select
                        className={styles['select']}
                        aria-label={`What ${column || `column ${index + 1}`} becomes`}
                        aria-invalid={double}
                        // A mapping goes by names.
                        disabled={column === ''}
                        value={attribute ?? ''}
                        onChange={({ currentTarget }) => choose(index, currentTarget.value || null)}
                      >
                        <option value="">Left out</option>
                        {attributes.map((group) => (
                          <optgroup key={group.title} label={group.title}>
                            {group.names.map((name) => (
                              <option key={name} value={name}>
                                {name}
                              </option>
                            ))}
                          </optgroup>
                        ))}
                      </select>
                      <span className={styles['below']} data-tone={double ? 'bad' : undefined}>
                        {column === '' ? 'Give it a name in the file to use it.' : double ? 'Another column becomes the same.' : draft.columns.has(index) ? 'Chosen by you.' : hintOf(suggestion?.why ?? [])}
                      </span>
                    </td>
                    <td data-label="Filled" className="numbers">
                      <Fill share={upload.fill[column] ?? 0} />
                    </td>
                    <td data-label="For example" className={own['cells']}>
                      {cellsOf(upload, index).map((cell, at) => (
                        <code key={at}>{cell}</code>
                      ))}
                    </td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </div>
      </section>
      <Rules draft={draft} change={change} attributes={used} />
    </>
  );
}

function Fill({ share }: { readonly share: number }): ReactElement {
  return (
    <span className={own['fill']}>
      <span className={own['fill-bar']} aria-hidden="true">
        <span style={{ width: `${share * 100}%` }} />
      </span>
      {share > 0 && share < 0.01 ? '< 1%' : percent(share * 100, undefined)}
    </span>
  );
}

function hintOf(why: readonly string[]): string {
  return why.length === 0 ? '' : `Perhaps ${why.join(', ')}?`;
}

function cellsOf(upload: Upload, index: number): readonly string[] {
  const cells = upload.sample.map(({ cells: row }) => row[index] ?? '').filter((cell) => cell !== '');
  return [...new Set(cells)].slice(0, CELLS);
}

interface AttributeGroup {
  readonly title: string;
  readonly names: readonly string[];
}

/** What can be chosen: first what nearly every file has, then the schema, then what the tenant added to it. */
function attributesOf(schema: readonly Attribute[], upload: Upload, becomes: readonly (string | null)[]): readonly AttributeGroup[] {
  const plain = schema.filter(({ name, type }) => type !== 'COMPLEX' || name.includes('.'));
  const known = new Set([...MORE, ...plain.map(({ name }) => name)]);
  const suggested = [...upload.mapping.map(({ attribute }) => attribute), ...becomes].filter((one): one is string => one !== null && !known.has(one));
  const usual = [...MORE, ...new Set(suggested)];
  const rest = plain.filter(({ name }) => !usual.includes(name));
  const sorted = (some: readonly Attribute[]): string[] => some.map(({ name }) => name).sort((one, other) => one.localeCompare(other));
  return [
    { title: 'Usual', names: usual },
    { title: 'Others', names: sorted(rest.filter(({ custom }) => !custom)) },
    { title: 'Of this environment', names: sorted(rest.filter(({ custom }) => custom)) },
  ].filter(({ names }) => names.length > 0);
}

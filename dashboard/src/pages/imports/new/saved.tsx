import { useState } from 'react';
import type { ReactElement } from 'react';

import { tell } from '../../../shell/notices.js';
import { refresh, useAsk, useMappings } from '../asking.js';
import styles from '../imports.module.css';
import type { SavedMapping, Upload } from '../wire.js';
import { saidBy } from '../words.js';
import { changesTo, mappingOf } from './draft.js';
import type { Draft } from './draft.js';
import own from './new.module.css';

export interface SavedProps {
  readonly upload: Upload;
  readonly columns: Draft['columns'];
  readonly apply: (columns: Draft['columns']) => void;
}

/** Mappings that were kept: to apply one, to keep this one, to forget one. */
export function Saved({ upload, columns, apply }: SavedProps): ReactElement {
  const ask = useAsk();
  const saved = useMappings().data?.mappings ?? [];
  const [chosen, setChosen] = useState('');
  const [naming, setNaming] = useState(false);
  const take = (name: string): void => {
    setChosen(name);
    const found = saved.find((one) => one.name === name);
    if (found !== undefined) {
      apply(changesTo(upload, found.columns));
      tellMissing(found, upload);
    }
  };
  const save = async (name: string): Promise<void> => {
    try {
      await ask('PUT', ['mappings', name], { columns: mappingOf(upload, columns) });
      setNaming(false);
      setChosen(name);
      tell({ tone: 'good', title: `The mapping ${name} was saved` });
    } catch (error) {
      tell({ tone: 'bad', title: 'The mapping was not saved', detail: saidBy(error) });
    }
    void refresh('mappings');
  };
  const forget = async (): Promise<void> => {
    try {
      await ask('DELETE', ['mappings', chosen]);
      setChosen('');
    } catch (error) {
      tell({ tone: 'bad', title: 'The mapping was not removed', detail: saidBy(error) });
    }
    void refresh('mappings');
  };
  return (
    <div className={own['saved']}>
      {saved.length > 0 && (
        <label>
          <span className="unseen">Saved mapping</span>
          <select className={styles['select']} value={chosen} onChange={({ currentTarget }) => take(currentTarget.value)}>
            <option value="">Apply a saved mapping…</option>
            {saved.map(({ name }) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
        </label>
      )}
      {chosen !== '' && saved.some(({ name }) => name === chosen) && (
        <button type="button" className="quiet-button" onClick={() => void forget()}>
          Forget it
        </button>
      )}
      {naming ? (
        <form
          className={own['naming']}
          onSubmit={(event) => {
            event.preventDefault();
            const name = String(new FormData(event.currentTarget).get('name') ?? '').trim();
            if (name !== '') {
              void save(name);
            }
          }}
        >
          <input className={styles['select']} name="name" aria-label="Name of the mapping" placeholder="Name" maxLength={100} defaultValue={chosen} autoComplete="off" autoFocus required />
          <button type="submit" className="quiet-button">
            Save
          </button>
          <button type="button" className="quiet-button" onClick={() => setNaming(false)}>
            Cancel
          </button>
        </form>
      ) : (
        <button type="button" className="quiet-button" onClick={() => setNaming(true)}>
          Save this mapping
        </button>
      )}
      {columns.size > 0 && (
        <button
          type="button"
          className="quiet-button"
          onClick={() => {
            setChosen('');
            apply(new Map());
          }}
        >
          As suggested
        </button>
      )}
    </div>
  );
}

function tellMissing({ name, columns }: SavedMapping, upload: Upload): void {
  const missing = Object.keys(columns).filter((column) => !upload.header.includes(column));
  if (missing.length > 0) {
    tell({ tone: 'warn', title: `${name} names columns that this file does not have`, detail: missing.join(', ') });
  }
}

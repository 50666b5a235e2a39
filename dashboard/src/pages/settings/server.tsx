/** What the server runs with: every setting and every limit, its value, and where it came from. Read, never changed. */
import { useState } from 'react';
import type { ReactElement, ReactNode } from 'react';

import { useRecord } from '../../records.js';
import styles from './page.module.css';
import { Trouble } from './words.js';

type Value = null | boolean | number | string | readonly string[] | Readonly<Record<string, number>>;

/** What stands for a secret that is set. */
const HIDDEN = '…';

interface Setting {
  readonly name: string;
  readonly value: Value;
  readonly default: Value;
  readonly origin: string;
  readonly meaning: string;
}

interface Limit {
  readonly name: string;
  readonly value: number;
  readonly default: number;
}

interface Chosen {
  readonly settings: readonly Setting[];
  readonly limits: readonly Limit[];
  readonly embedded: boolean;
}

export function Server(): ReactElement {
  const { data, error } = useRecord<Chosen>('api/settings');
  const [text, setText] = useState('');
  const [changed, setChanged] = useState(false);
  if (error !== null) {
    return <Trouble error={error} />;
  }
  const word = text.trim().toLowerCase();
  const settings = (data?.settings ?? []).filter((one) => `${one.name} ${one.meaning}`.toLowerCase().includes(word) && !(changed && one.origin === 'default'));
  const limits = (data?.limits ?? []).filter((one) => one.name.includes(word) && !(changed && one.value === one.default));
  return (
    <div className={styles['stack']}>
      <section className="card" aria-labelledby="settings">
        <div className="card-head">
          <div>
            <h2 id="settings">What the server runs with</h2>
            <p className="soft small">
              {data?.embedded === true
                ? 'It runs inside another program, which chose by itself; the limits are below.'
                : 'Read at its start, from flags, the environment, and files. To change one, start it again. Secrets are not shown.'}
            </p>
          </div>
          <div className={styles['filters']}>
            <label className={styles['field']}>
              <span className="unseen">Find a setting</span>
              <input type="search" placeholder="Find a setting" value={text} autoComplete="off" spellCheck={false} onChange={(event) => setText(event.currentTarget.value)} />
            </label>
            <label className={styles['check']}>
              <input type="checkbox" checked={changed} onChange={(event) => setChanged(event.currentTarget.checked)} />
              Changed only
            </label>
          </div>
        </div>
        {settings.length > 0 && (
          <div className={styles['scroll']} role="region" aria-label="Settings, as a table" tabIndex={0}>
            <table className={styles['table']}>
              <thead>
                <tr>
                  <th scope="col">Setting</th>
                  <th scope="col">Value</th>
                  <th scope="col">From</th>
                </tr>
              </thead>
              <tbody>
                {settings.map((one) => (
                  <tr key={one.name}>
                    <th scope="row">
                      <code>{one.name}</code>
                      <span className={styles['below']}>{worded(one.meaning)}</span>
                    </th>
                    <td data-label="Value">
                      <code>{shown(one.value)}</code>
                    </td>
                    <td data-label="From" className={one.origin === 'default' ? 'soft' : styles['changed']}>
                      {one.origin}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
        {data !== undefined && !data.embedded && settings.length === 0 && <p className="soft">No setting is like that.</p>}
        {data === undefined && <p className="soft">Asking…</p>}
      </section>
      <section className="card" aria-labelledby="limits">
        <h2 id="limits">Limits</h2>
        {data !== undefined && limits.length === 0 ? (
          <p className="soft">{changed ? 'No limit was changed.' : 'No limit is like that.'}</p>
        ) : (
          <div className={styles['scroll']} role="region" aria-label="Limits, as a table" tabIndex={0}>
            <table className={styles['table']} data-dense>
              <thead>
                <tr>
                  <th scope="col">Limit</th>
                  <th scope="col">Value</th>
                  <th scope="col">Default</th>
                </tr>
              </thead>
              <tbody>
                {limits.map((one) => (
                  <tr key={one.name}>
                    <th scope="row">
                      <code>{one.name}</code>
                    </th>
                    <td data-label="Value" className={`numbers ${one.value === one.default ? '' : styles['changed']}`}>
                      {one.value.toLocaleString('en')}
                    </td>
                    <td data-label="Default" className="numbers soft">
                      {one.default.toLocaleString('en')}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </section>
    </div>
  );
}

/** What stands between back-ticks is code. */
function worded(text: string): ReactNode {
  return text.split('`').map((part, index) => (index % 2 === 1 ? <code key={index}>{part}</code> : part));
}

function shown(value: Value): string {
  if (value === HIDDEN) {
    return 'set, not shown';
  }
  if (value === null) {
    return '–';
  }
  if (typeof value === 'boolean') {
    return value ? 'yes' : 'no';
  }
  if (typeof value === 'object') {
    const parts = Array.isArray(value) ? (value as readonly string[]) : Object.entries(value).map(([name, one]) => `${name}=${one}`);
    return parts.length === 0 ? '–' : parts.join(', ');
  }
  return value === '' ? '–' : String(value);
}

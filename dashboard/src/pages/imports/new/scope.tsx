/** Step 2 of an export: which users, and in which form. */
import type { ReactElement } from 'react';

import { usePopulations } from '../asking.js';
import styles from '../imports.module.css';
import { many } from '../words.js';
import type { Change, Draft } from './draft.js';
import own from './new.module.css';

export function Scope({ draft, change }: { readonly draft: Draft; readonly change: Change }): ReactElement {
  const populations = usePopulations(draft.target).data?.populations ?? [];
  const { scope } = draft;
  const set = (part: Partial<Draft['scope']>): void => change({ scope: { ...scope, ...part }, dry: undefined });
  return (
    <section className="card" aria-labelledby="scope">
      <h2 id="scope">Which users</h2>
      <div className={own['rules']}>
        <label className={styles['field']}>
          <span>Population</span>
          <select value={scope.population ?? ''} onChange={({ currentTarget }) => set({ population: currentTarget.value || null })}>
            <option value="">All populations</option>
            {populations.map((one) => (
              <option key={one.id} value={one.id}>
                {one.name}
                {one.users === null ? '' : ` (${many(one.users, 'user')})`}
              </option>
            ))}
          </select>
        </label>
        <label className={styles['field']}>
          <span>Enabled</span>
          <select value={scope.enabled === null ? '' : String(scope.enabled)} onChange={({ currentTarget: { value } }) => set({ enabled: value === '' ? null : value === 'true' })}>
            <option value="">Both</option>
            <option value="true">Only those who are enabled</option>
            <option value="false">Only those who are disabled</option>
          </select>
        </label>
        <label className={styles['field']}>
          <span>Filter</span>
          <input key={scope.scim ?? ''} defaultValue={scope.scim ?? ''} placeholder={'email ew "@example.org"'} autoComplete="off" spellCheck={false} maxLength={1_000} onBlur={({ currentTarget }) => set({ scim: currentTarget.value.trim() || null })} />
          <span className="soft">A SCIM filter, as PingOne takes it; empty: all.</span>
        </label>
        <label className={styles['field']}>
          <span>File</span>
          <select value={draft.format} onChange={({ currentTarget: { value } }) => change({ format: value === 'json' ? 'json' : 'csv' })}>
            <option value="csv">CSV, which can be imported again</option>
            <option value="json">JSON, with everything that PingOne says</option>
          </select>
          <span className="soft">Passwords cannot be exported: PingOne never tells them.</span>
        </label>
      </div>
    </section>
  );
}

/** A new application, from nothing or from a template. */
import type { ReactElement } from 'react';

import { go, usePlace } from '../../../address.js';
import { useRecord } from '../../../records.js';
import { pathOf } from '../asking.js';
import styles from '../monitor.module.css';
import { Field, Trail } from '../parts.js';
import { applicationPath } from '../words.js';
import { Editor } from './editor.js';
import type { Values } from './inputs.js';

interface Template {
  readonly name: string;
  readonly title: string;
  readonly description?: string;
  readonly application: Values;
}

export default function NewApplication(): ReactElement {
  const { data } = useRecord<{ readonly templates: readonly Template[] }>(pathOf('applications', 'templates'));
  const templates = data?.templates ?? [];
  const wanted = new URLSearchParams(usePlace().search).get('template') ?? '';
  const found = templates.find(({ name }) => name === wanted);
  const choose = (name: string): void => go(`/monitor/new${name === '' ? '' : `?${new URLSearchParams({ template: name })}`}`, { replace: true });
  return (
    <div className={styles['page']}>
      <header className={styles['head']}>
        <div className={styles['title']}>
          <Trail>A new application</Trail>
          <h1>Add an application</h1>
        </div>
        <Field label="Begin with">
          <select value={found?.name ?? ''} onChange={({ currentTarget }) => choose(currentTarget.value)}>
            <option value="">An HTTP check</option>
            {templates.map(({ name, title }) => (
              <option key={name} value={name}>
                {title}
              </option>
            ))}
          </select>
        </Field>
      </header>
      {found?.description !== undefined && <p className="soft">{found.description}</p>}
      <Editor key={found?.name ?? ''} begin={found?.application} done={(saved) => go(saved === undefined ? '/monitor' : applicationPath(saved.id))} />
    </div>
  );
}

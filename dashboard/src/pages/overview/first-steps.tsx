import type { ReactElement } from 'react';

import { BASE } from '../../address.js';
import { Copy } from '../../shell/copy.js';
import styles from './first-steps.module.css';

const DEFAULT = 'http://127.0.0.1:4000';
const SCRIPT = `import headway

with headway.task("My first task") as task:
    for row in task.track(range(500)):
        ...  # your work`;
const TQDM = `from headway.tqdm import tqdm

for row in tqdm(range(500), desc="My first task"):
    ...  # your work`;

/** For who opens the page before anything has run. */
export function FirstSteps(): ReactElement {
  const server = BASE.href.replace(/\/$/, '');
  const start = server === DEFAULT ? 'python script.py' : `HEADWAY_URL=${server} python script.py`;
  return (
    <section className={`card ${styles['steps']}`} aria-labelledby="first-steps">
      <div>
        <h2 id="first-steps">Nothing has run yet</h2>
        <p className="soft">
          Two lines around your loop, and everybody who may look sees it here, live: how far it is, how fast, and what failed.
        </p>
      </div>
      <div className={styles['ways']}>
        <Snippet title="In any script" code={SCRIPT} />
        <Snippet title="Where tqdm is used already" code={TQDM} />
      </div>
      <Snippet title="Start it as ever" code={start} />
    </section>
  );
}

function Snippet({ title, code }: { readonly title: string; readonly code: string }): ReactElement {
  return (
    <figure className={styles['snippet']}>
      <figcaption>
        {title}
        <Copy text={code} label={`Copy: ${title}`} />
      </figcaption>
      <pre tabIndex={0}>
        <code>{code}</code>
      </pre>
    </figure>
  );
}

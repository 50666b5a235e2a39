import type { ReactElement } from 'react';

import styles from './json.module.css';

/** An event may have a megabyte; what is longer is shown without colours, and cut. */
const COLOURED = 20_000;
const SHOWN = 200_000;

/** A name with its colon, another text, a number, a word. */
const PARTS = /("(?:[^"\\]|\\.)*")(\s*:)?|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|\b(?:true|false|null)\b/g;

/** JSON as people read it. */
export function Json({ text, label }: { readonly text: string; readonly label: string }): ReactElement {
  return (
    <>
      <pre className={styles['json']} tabIndex={0} role="region" aria-label={label}>
        <code>{text.length > COLOURED ? text.slice(0, SHOWN) : coloured(text)}</code>
      </pre>
      {text.length > SHOWN && <p className="soft small">Only its beginning is shown. Copied, it is whole.</p>}
    </>
  );
}

function coloured(text: string): readonly (ReactElement | string)[] {
  const parts: (ReactElement | string)[] = [];
  let at = 0;
  for (const found of text.matchAll(PARTS)) {
    const [whole, quoted, colon] = found;
    parts.push(text.slice(at, found.index));
    const kind = quoted === undefined ? 'value' : colon === undefined ? 'text' : 'name';
    parts.push(
      <span key={found.index} className={styles[kind]}>
        {whole}
      </span>,
    );
    at = found.index + whole.length;
  }
  return [...parts, text.slice(at)];
}

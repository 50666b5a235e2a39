import { useEffect, useRef, useState } from 'react';
import type { ReactElement } from 'react';

const SHOWN_MS = 2_000;

/** Copies a text. Without TLS a browser gives no clipboard: then the text has to be selected by hand, and it says so. */
export function Copy({ text, label }: { readonly text: string; readonly label: string }): ReactElement {
  const [said, setSaid] = useState('Copy');
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text);
      setSaid('Copied');
    } catch {
      setSaid('Select it to copy');
    }
    timer.current = setTimeout(() => setSaid('Copy'), SHOWN_MS);
  };
  return (
    <button type="button" className="quiet-button" aria-label={said === 'Copy' ? label : said} onClick={() => void copy()}>
      {said}
    </button>
  );
}

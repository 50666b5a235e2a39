import { useEffect, useRef, useState } from 'react';
import type { ReactElement } from 'react';

const SHOWN_MS = 2_000;

/** Copies a text, and says what it is: where several things can be copied, "Copy" is not enough. */
export function CopyAs({ text, name }: { readonly text: () => string; readonly name: string }): ReactElement {
  const [said, setSaid] = useState<string>();
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  const copy = async (): Promise<void> => {
    clearTimeout(timer.current);
    try {
      await navigator.clipboard.writeText(text());
      setSaid('Copied');
    } catch {
      // Without TLS a browser gives no clipboard.
      setSaid('The browser forbids it here');
    }
    timer.current = setTimeout(() => setSaid(undefined), SHOWN_MS);
  };
  return (
    <button type="button" className="quiet-button" onClick={() => void copy()}>
      {said ?? `Copy ${name}`}
    </button>
  );
}

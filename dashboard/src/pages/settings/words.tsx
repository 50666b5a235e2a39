/** Words and parts of several sections. */
import { HeadwayError } from 'headway-client';
import { Glyph } from 'headway-react';
import type { ReactElement, ReactNode } from 'react';

import styles from './page.module.css';

export const PATIENCE_MS = 5_000;

/** 21 Nov 2025, 14:05 */
export function dateOf(milliseconds: number): string {
  const date = new Date(milliseconds);
  const day = date.toLocaleDateString('en', { day: 'numeric', month: 'short', year: 'numeric' });
  return `${day}, ${String(date.getHours()).padStart(2, '0')}:${String(date.getMinutes()).padStart(2, '0')}`;
}

/** What an error says, as a sentence. */
export function saidBy(error: unknown): string {
  const text = error instanceof HeadwayError ? error.message : error instanceof Error ? error.message : String(error);
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`;
}

/** Patterns of channels. */
export function Patterns({ of }: { readonly of: readonly string[] }): ReactElement {
  if (of.length === 0) {
    return <span className="soft">nothing</span>;
  }
  if (of.includes('*')) {
    return <>every channel</>;
  }
  return <>{of.flatMap((pattern, index) => [index > 0 ? ', ' : '', <code key={pattern}>{pattern}</code>])}</>;
}

export interface Outcome {
  readonly tone: 'good' | 'bad';
  readonly text: string;
}

/** What became of what was asked for. The regions are there from the start: a reader of the screen hears what comes. */
export function Said({ outcome }: { readonly outcome: Outcome | undefined }): ReactElement {
  return (
    <>
      {(['good', 'bad'] as const).map((tone) => (
        <p key={tone} role={tone === 'bad' ? 'alert' : 'status'} data-tone={tone} className={styles['outcome']} hidden={outcome?.tone !== tone}>
          {outcome?.tone === tone && (
            <>
              <Glyph tone={tone} /> <span>{outcome.text}</span>
            </>
          )}
        </p>
      ))}
    </>
  );
}

/** Why there is nothing here, and how there would be. */
export function Explained({ title, children }: { readonly title: string; readonly children: ReactNode }): ReactElement {
  return (
    <section className="card" aria-labelledby="explained">
      <h2 id="explained">{title}</h2>
      <div className={`soft ${styles['explained']}`}>{children}</div>
    </section>
  );
}

export function Trouble({ error }: { readonly error: Error }): ReactElement {
  return (
    <p className="card" role="alert" data-tone="bad">
      <span className={styles['outcome']}>
        <Glyph tone="bad" /> <span>{saidBy(error)}</span>
      </span>
    </p>
  );
}

/** Patterns, one a line or between commas. */
export function patternsOf(text: string): string[] {
  return [...new Set(text.split(/[\n,]/).map((line) => line.trim()).filter((line) => line !== ''))];
}

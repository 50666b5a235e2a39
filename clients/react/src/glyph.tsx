import type { ReactElement } from 'react';

import { classes } from './classes.js';
import type { Tone } from './words.js';

/** Shapes, not only colours: many people do not tell green from red. Each in a square of 16. */
const PATHS: Readonly<Record<Tone, string>> = {
  good: 'M4 8.5 7 11.5 12.5 5',
  busy: 'M6 4.2 11.8 8 6 11.8Z',
  warn: 'M8 3.8V9M8 11.6V12',
  bad: 'M4.8 4.8 11.2 11.2M11.2 4.8 4.8 11.2',
  calm: 'M8 7.9V8.1',
};

export interface GlyphProps {
  readonly tone: Tone;
  readonly className?: string | undefined;
}

/** A sign for a tone, in its colour where an element around it has the same `data-tone`. It says nothing that the words
 * beside it do not say. */
export function Glyph({ tone, className }: GlyphProps): ReactElement {
  return (
    <svg className={classes('headway-glyph', className)} data-tone={tone} viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      <path d={PATHS[tone]} />
    </svg>
  );
}

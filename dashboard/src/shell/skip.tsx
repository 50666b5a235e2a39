import type { MouseEvent, ReactElement } from 'react';

import styles from './skip.module.css';

const CONTENT = 'content';

/** The first stop of the keyboard: past everything that every page has, to the page itself. */
export function Skip(): ReactElement {
  // The browser's own jump moves the focus only some time later, and leaves an entry in the history.
  const skip = (event: MouseEvent<HTMLAnchorElement>): void => {
    event.preventDefault();
    focusContent();
  };
  return (
    <a className={styles['skip']} href={`#${CONTENT}`} onClick={skip}>
      Skip to the page
    </a>
  );
}

/** Begin at the top of the page with the keyboard, scrolling to it. `main` has this id and `tabIndex={-1}`. */
export function focusContent(options?: FocusOptions): void {
  document.getElementById(CONTENT)?.focus(options);
}

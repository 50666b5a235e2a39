/** The corner where notices appear, and the bell behind which they can be read again. */
import { Glyph } from 'headway-react';
import { timeOf } from 'headway-react/words';
import { useEffect, useId, useRef, useState } from 'react';
import type { ReactElement } from 'react';

import { Icon } from '../icons.js';
import styles from './corner.module.css';
import { Link } from './link.js';
import { clear, dismiss, markSeen, useNotices } from './notices.js';
import type { Notice } from './notices.js';

/** So long a sentence of two lines takes to be read; what went wrong takes longer to be understood. */
const READ_MS = 6_000;
const READ_BAD_MS = 12_000;

export function Corner(): ReactElement {
  const notices = useNotices().filter((notice) => notice.shown);
  return (
    // Both are there from the start: a reader of the screen hears only what appears in a region it knows.
    <div className={styles['corner']}>
      <div role="alert" aria-atomic="false">
        {notices.filter(({ tone }) => tone === 'bad').map((notice) => <Toast key={notice.id} notice={notice} />)}
      </div>
      <div role="status" aria-atomic="false">
        {notices.filter(({ tone }) => tone !== 'bad').map((notice) => <Toast key={notice.id} notice={notice} />)}
      </div>
    </div>
  );
}

/** It waits while somebody points at it or is in it. */
function Toast({ notice }: { readonly notice: Notice }): ReactElement {
  const [held, setHeld] = useState(false);
  const { id, tone } = notice;
  useEffect(() => {
    if (held) {
      return undefined;
    }
    const timer = setTimeout(() => dismiss(id, false), tone === 'bad' ? READ_BAD_MS : READ_MS);
    return () => clearTimeout(timer);
  }, [id, tone, held]);
  return (
    <div
      className={styles['toast']}
      data-tone={tone}
      onPointerEnter={() => setHeld(true)}
      onPointerLeave={() => setHeld(false)}
      onFocus={() => setHeld(true)}
      onBlur={() => setHeld(false)}
    >
      <Words notice={notice} />
      <button type="button" className={styles['close']} aria-label="Dismiss" onClick={() => dismiss(id, true)}>
        <Icon name="close" size={16} />
      </button>
    </div>
  );
}

function Words({ notice }: { readonly notice: Notice }): ReactElement {
  return (
    <>
      <Glyph tone={notice.tone} />
      <div className={styles['words']}>
        <p className={styles['title']}>
          {notice.to === undefined ? notice.title : <Link to={notice.to}>{notice.title}</Link>}
        </p>
        {notice.detail !== undefined && <p className={styles['detail']}>{notice.detail}</p>}
      </div>
    </>
  );
}

export function Bell(): ReactElement {
  const notices = useNotices();
  const [open, setOpen] = useState(false);
  const panel = useId();
  const whole = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const unseen = notices.filter((notice) => !notice.seen).length;
  useEffect(() => {
    if (!open) {
      return undefined;
    }
    const close = (event: Event): void => {
      const inside = event.target instanceof Node && whole.current?.contains(event.target) === true;
      if (event instanceof KeyboardEvent ? event.key === 'Escape' : !inside) {
        setOpen(false);
        if (event instanceof KeyboardEvent) {
          button.current?.focus();
        }
      }
    };
    const names = ['pointerdown', 'keydown', 'focusin'] as const;
    names.forEach((name) => document.addEventListener(name, close));
    return () => names.forEach((name) => document.removeEventListener(name, close));
  }, [open]);
  const toggle = (): void => {
    setOpen(!open);
    markSeen();
  };
  return (
    <div className={styles['bell']} ref={whole}>
      <button
        type="button"
        ref={button}
        className="icon-button"
        aria-label={unseen === 0 ? 'Notifications' : `Notifications, ${unseen} new`}
        aria-expanded={open}
        aria-controls={panel}
        onClick={toggle}
      >
        <Icon name="bell" />
        {unseen > 0 && <span className={styles['unseen']}>{unseen > 9 ? '9+' : unseen}</span>}
      </button>
      <section id={panel} className={styles['panel']} hidden={!open} aria-label="Notifications">
        <div className={styles['head']}>
          <h2>Notifications</h2>
          {notices.length > 0 && (
            <button type="button" className="quiet-button" onClick={clear}>
              Clear
            </button>
          )}
        </div>
        {notices.length === 0 && <p className="soft">Nothing has been told since this page was opened.</p>}
        <ol tabIndex={notices.length > 4 ? 0 : undefined} aria-label="What was told, the newest first">
          {notices.map((notice) => (
            <li key={notice.id} data-tone={notice.tone}>
              <Words notice={notice} />
              <time dateTime={new Date(notice.at).toISOString()}>{timeOf(new Date(notice.at).toISOString())}</time>
            </li>
          ))}
        </ol>
      </section>
    </div>
  );
}

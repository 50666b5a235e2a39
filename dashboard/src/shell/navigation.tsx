/** Where one can go. On a phone there is room for five: the fifth opens the others. */
import { useEffect, useRef, useState } from 'react';
import type { ReactElement } from 'react';

import { Icon } from '../icons.js';
import { DESTINATIONS } from '../pages/table.js';
import type { Destination } from '../pages/table.js';
import { useSession } from '../session.js';
import { Link } from './link.js';
import styles from './navigation.module.css';

/** Entries at the bottom of a phone: more of them touch each other at 360 pixels. */
const ROOM = 5;

export function Navigation({ under }: { readonly under: string | undefined }): ReactElement {
  const { may, me } = useSession();
  const open = DESTINATIONS.filter(({ needs, app }) => may(needs) && (app === undefined || me.apps?.includes(app) === true));
  const near = open.length > ROOM ? open.slice(0, ROOM - 1) : open;
  const rest = open.slice(near.length);
  return (
    <nav className={styles['navigation']} aria-label="Pages">
      <ul>
        {near.map((destination) => (
          <Entry key={destination.path} destination={destination} under={under} />
        ))}
        {rest.map((destination) => (
          <Entry key={destination.path} destination={destination} under={under} wide />
        ))}
        {rest.length > 0 && <More rest={rest} under={under} />}
      </ul>
    </nav>
  );
}

interface EntryProps {
  readonly destination: Destination;
  readonly under: string | undefined;
  /** Only where there is room for all. */
  readonly wide?: boolean;
}

function Entry({ destination, under, wide }: EntryProps): ReactElement {
  return (
    <li data-wide={wide}>
      <Link to={destination.path} aria-current={under === destination.path ? 'page' : undefined}>
        <Icon name={destination.icon} />
        <span>{destination.title}</span>
      </Link>
    </li>
  );
}

function More({ rest, under }: { readonly rest: readonly Destination[]; readonly under: string | undefined }): ReactElement {
  const [open, setOpen] = useState(false);
  const item = useRef<HTMLLIElement>(null);
  useEffect(() => setOpen(false), [under]);
  useEffect(() => {
    if (!open) {
      return undefined;
    }
    const away = (event: Event): void => {
      const key = event instanceof KeyboardEvent ? event.key : undefined;
      const outside = event.target instanceof Node && item.current?.contains(event.target) !== true;
      if (key === 'Escape' || (key === undefined && outside)) {
        setOpen(false);
      }
    };
    document.addEventListener('keydown', away);
    document.addEventListener('pointerdown', away);
    return () => {
      document.removeEventListener('keydown', away);
      document.removeEventListener('pointerdown', away);
    };
  }, [open]);
  return (
    <li ref={item} className={styles['more']}>
      <button type="button" aria-expanded={open} data-current={rest.some(({ path }) => path === under)} onClick={() => setOpen(!open)}>
        <Icon name="more" />
        <span>More</span>
      </button>
      {open && (
        <ul className={styles['rest']} onClick={() => setOpen(false)}>
          {rest.map((destination) => (
            <Entry key={destination.path} destination={destination} under={under} />
          ))}
        </ul>
      )}
    </li>
  );
}

/**
 * Addresses: where the server is, which page is shown, and what a share link says.
 *
 * Headway may be mounted below a path, so everything is relative to `BASE`. A name in an address is encoded once and
 * decoded once: a channel called `a/b`, `100%` or `a%2Fb` comes back as it went in.
 */
import { useSyncExternalStore } from 'react';

/** Where Headway is served. Modules lie in `assets/` below it; in development the page's own address has to do. */
export const BASE = import.meta.env.DEV ? new URL('/', location.href) : new URL(/* @vite-ignore */ '..', import.meta.url);

/** The address of a page of ours: `/tasks/7` for the browser. */
export function href(path: string): string {
  return `${BASE.pathname}${path.replace(/^\//, '')}`;
}

/** `/tasks/` and a task, `/channels/` and a channel. */
export function pathOf(kind: 'tasks' | 'channels', name: string): string {
  return `/${kind}/${encodeURIComponent(name)}`;
}

export interface Place {
  /** Below `BASE`, and still encoded: `/channels/a%2Fb`. */
  readonly path: string;
  readonly search: string;
}

/** The place that the address bar shows. */
export function usePlace(): Place {
  return useSyncExternalStore(follow, placeNow);
}

/** Go to a page of ours. */
export function go(path: string, options: { readonly replace?: boolean } = {}): void {
  const method = options.replace === true ? 'replaceState' : 'pushState';
  history[method](null, '', href(path));
  listeners.forEach((tell) => tell());
  if (options.replace !== true) {
    scrollTo(0, 0);
  }
}

/** What the path holds where the pattern has `:name`; undefined where it is another path. */
export function match(pattern: string, path: string): Readonly<Record<string, string>> | undefined {
  const [wanted, given] = [pattern.split('/'), path.split('/')];
  if (wanted.length !== given.length) {
    return undefined;
  }
  const found: Record<string, string> = {};
  for (const [index, part] of wanted.entries()) {
    const text = decoded(given[index] ?? '');
    if (text === undefined || (part.startsWith(':') ? text === '' : part !== text)) {
      return undefined;
    }
    if (part.startsWith(':')) {
      found[part.slice(1)] = text;
    }
  }
  return found;
}

const listeners = new Set<() => void>();
let place: Place = { path: '', search: '' };

function follow(tell: () => void): () => void {
  listeners.add(tell);
  addEventListener('popstate', tell);
  return () => {
    listeners.delete(tell);
    removeEventListener('popstate', tell);
  };
}

/** The same object as long as the place is the same. */
function placeNow(): Place {
  const { pathname, search } = location;
  const path = pathname.startsWith(BASE.pathname) ? `/${pathname.slice(BASE.pathname.length)}` : pathname;
  if (place.path !== path || place.search !== search) {
    place = { path, search };
  }
  return place;
}

function decoded(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}

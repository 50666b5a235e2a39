'use client';
import { useCallback, useMemo, useSyncExternalStore } from 'react';

import { boardOf } from './board.js';
import { UNKNOWN } from './link.js';
import type { ConnectionView } from './link.js';
import { useHeadway } from './provider.js';

export interface Connection extends ConnectionView {
  /** Try now, also after the client has given up. */
  readonly reconnect: () => void;
  /** Take a notice away. */
  readonly dismiss: (id: number) => void;
}

/** How the connection stands, over what, and what happened to it. */
export function useConnection(): Connection {
  const client = useHeadway();
  const { link } = boardOf(client);
  const subscribe = useCallback((notify: () => void) => link.follow(notify), [link]);
  const view = useSyncExternalStore(
    subscribe,
    () => link.shown,
    () => UNKNOWN,
  );
  return useMemo(
    () => ({ ...view, reconnect: () => client.reconnect(), dismiss: (id: number) => link.dismiss(id) }),
    [view, client, link],
  );
}

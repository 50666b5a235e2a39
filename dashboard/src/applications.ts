/**
 * Applications that are watched, by the monitor or by the demo: they are told of on a channel of that name. Where nobody
 * ever told of any the channel is not there, and nobody follows it.
 */
import { useEffect, useState } from 'react';

import { useRecord } from './records.js';
import { useSession } from './session.js';

const NAME = 'applications';
/** Who starts the monitor while the page is open need not load it anew. */
const LOOK_MS = 30_000;

export interface Applications {
  /** Undefined where there is none to follow. */
  readonly channel: string | undefined;
  /** Where its log stood when the page found it. */
  readonly position: string | undefined;
}

interface Described {
  readonly offset: number;
  readonly position: string;
}

export function useApplications(): Applications {
  const { reads } = useSession();
  const [position, setPosition] = useState<string>();
  const when = reads(NAME) && position === undefined;
  const { data } = useRecord<Described>(`api/channels/${NAME}`, { every: LOOK_MS, when });
  const found = data !== undefined && data.offset > 0 ? data.position : undefined;
  useEffect(() => {
    if (found !== undefined) {
      setPosition((known) => known ?? found);
    }
  }, [found]);
  return { channel: position === undefined ? undefined : NAME, position };
}

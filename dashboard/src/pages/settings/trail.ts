/** The audit trail, from its end: the newest entries, those that come, and, when they are asked for, older ones. */
import type { Client } from 'headway-client';
import { useHeadway } from 'headway-react';
import { useEffect, useState } from 'react';

const PATH = 'api/audit';
const PAGE = 100;
/** Entries in the page; a day of a busy server. */
const MOST = 2_000;
/** The client waits 15 s for an answer. */
const WAIT_S = 10;
const PATIENCE_MS = 3_000;
const RETRY_MS = 5_000;

export interface Entry {
  readonly position: string;
  readonly offset: number;
  readonly timestamp: string;
  readonly action: string;
  readonly user: string | null;
  readonly target: string | null;
  readonly address: string | null;
  readonly [more: string]: unknown;
}

interface Page {
  readonly events: readonly (Entry & { readonly type: string })[];
  readonly position: string;
  readonly more: boolean;
}

export interface Trail {
  /** The newest first. */
  readonly entries: readonly Entry[];
  readonly known: boolean;
  readonly live: boolean;
  readonly error: Error | undefined;
  /** Whether there are older ones. */
  readonly more: boolean;
  readonly older: () => Promise<void>;
}

export function useTrail(): Trail {
  const client = useHeadway();
  const [entries, setEntries] = useState<readonly Entry[]>([]);
  const [known, setKnown] = useState(false);
  const [live, setLive] = useState(false);
  const [error, setError] = useState<Error>();
  useEffect(() => {
    let gone = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let position: string | undefined;
    const follow = async (): Promise<void> => {
      try {
        while (!gone) {
          const page = await read(client, position === undefined ? { last: PAGE, limit: PAGE } : { since: position, limit: PAGE, wait: WAIT_S });
          if (gone) {
            return;
          }
          position = page.position;
          setEntries((before) => joined(entriesOf(page), before));
          setKnown(true);
          setLive(true);
          setError(undefined);
        }
      } catch (thrown) {
        if (!gone) {
          setLive(false);
          setError(thrown instanceof Error ? thrown : new Error(String(thrown)));
          timer = setTimeout(() => void follow(), RETRY_MS);
        }
      }
    };
    void follow();
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }, [client]);
  const oldest = entries.at(-1);
  const more = oldest !== undefined && oldest.offset > 1 && entries.length < MOST;
  const older = async (): Promise<void> => {
    if (oldest === undefined || !more) {
      return;
    }
    // Offsets count without holes.
    const before = Math.max(0, oldest.offset - 1 - PAGE);
    const epoch = oldest.position.slice(0, oldest.position.lastIndexOf('.'));
    try {
      const page = await read(client, { since: `${epoch}.${before}`, limit: oldest.offset - 1 - before });
      setEntries((now) => joined(now, entriesOf(page)));
    } catch (thrown) {
      setError(thrown instanceof Error ? thrown : new Error(String(thrown)));
    }
  };
  return { entries, known, live, error, more, older };
}

async function read(client: Client, query: Readonly<Record<string, string | number>>): Promise<Page> {
  const text = new URLSearchParams(Object.entries(query).map(([name, value]) => [name, String(value)]));
  return (await client.command(`${PATH}?${text}`, { method: 'GET', patience: PATIENCE_MS })) as Page;
}

function entriesOf({ events }: Page): readonly Entry[] {
  return events.filter(({ type }) => type === 'audit').toReversed();
}

/** Newer ones before older ones, each once. */
function joined(newer: readonly Entry[], older: readonly Entry[]): readonly Entry[] {
  const there = new Set(newer.map(({ position }) => position));
  return [...newer, ...older.filter(({ position }) => !there.has(position))].slice(0, MOST);
}

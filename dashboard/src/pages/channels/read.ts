/**
 * What a log holds after a position, asked for over HTTP. The reader of a channel is shared by all of a page, and begins
 * with what is now; what was before is read, and joined to it.
 */
import { useQuery } from '@tanstack/react-query';
import type { UseQueryResult } from '@tanstack/react-query';
import type { Client, Event, Gap, HeadwayError } from 'headway-client';
import { useHeadway } from 'headway-react';

import { earlier, positionOf } from './position.js';
import type { Beginning } from './position.js';

/** As much as the server gives in one answer, where events are small. */
export const PAGE = 1_000;
const PATIENCE_MS = 5_000;

export interface Read {
  /** After which position. */
  readonly since: string;
  readonly events: readonly Event[];
  readonly gaps: readonly Gap[];
  /** How far it was read. */
  readonly position: string;
  /** There is more than was wanted. */
  readonly more: boolean;
}

/** Of `GET /api/channels/{channel}/events`. */
interface Page {
  readonly events: readonly (Event | Gap)[];
  readonly position: string;
  readonly more: boolean;
}

/** Read a log: of the newest all of it, otherwise a page from where it says. Once, as soon as `ready`. */
export function useRead(name: string, beginning: Beginning, ready: boolean, again: number): UseQueryResult<Read, HeadwayError> {
  const client = useHeadway();
  return useQuery<Read, HeadwayError>({
    queryKey: ['read', name, beginning, again],
    queryFn: async () => ('since' in beginning ? readOn(client, name, beginning.since, PAGE) : readNewest(client, name, beginning.last)),
    enabled: ready,
    // What was read stays as it is; what comes after it is live.
    staleTime: Infinity,
    gcTime: 0,
  });
}

async function readNewest(client: Client, name: string, last: number): Promise<Read> {
  const { position } = await ask(client, name, undefined);
  const read = await readOn(client, name, earlier(position, last), Infinity);
  const events = read.events.slice(-last);
  // Who asked for the newest has lost nothing of what came before them.
  const gaps = read.gaps.filter((gap) => events.some(({ offset }) => offset <= (positionOf(gap.from)?.offset ?? 0)));
  return { ...read, events, gaps };
}

async function readOn(client: Client, name: string, since: string, most: number): Promise<Read> {
  const [events, gaps]: [Event[], Gap[]] = [[], []];
  let [position, more] = [since, true];
  while (more && events.length < most) {
    const page = await ask(client, name, position);
    for (const entry of page.events) {
      if ('offset' in entry) {
        events.push(entry as Event);
      } else {
        gaps.push(entry as Gap);
      }
    }
    ({ position, more } = page);
  }
  return { since, events, gaps, position, more };
}

async function ask(client: Client, name: string, since: string | undefined): Promise<Page> {
  const query = since === undefined ? '' : `?${new URLSearchParams({ since, limit: String(PAGE) })}`;
  const path = `api/channels/${encodeURIComponent(name)}/events${query}`;
  return (await client.command(path, { method: 'GET', patience: PATIENCE_MS })) as Page;
}

/** What was read, and after it what was heard: each event once. */
export function joined(read: Read, heard: readonly Event[], most: number): readonly Event[] {
  const end = positionOf(read.position) ?? { epoch: '', offset: 0 };
  const first = heard.findIndex(({ position, offset }) => offset > end.offset || positionOf(position)?.epoch !== end.epoch);
  const live = first === -1 ? [] : first === 0 ? heard : heard.slice(first);
  return live.length >= most ? live : [...read.events, ...live].slice(-most);
}

/**
 * What a list of events shows: events, and between them what is not there. A gap is a row of its own, at its place, so
 * that nobody takes two events for neighbours that are none.
 */
import type { Event, Gap } from 'headway-client';

import { positionOf } from './position.js';

export type Row = EventRow | GapRow;

export interface EventRow {
  readonly kind: 'event';
  /** The same as long as it is the same event. */
  readonly id: string;
  readonly event: Event;
}

export interface GapRow {
  readonly kind: 'gap';
  readonly id: string;
  readonly gap: Gap;
}

/** Which events are looked for. */
export interface Filter {
  /** Undefined: of any type. */
  readonly type: string | undefined;
  readonly text: string;
}

export const EVERYTHING: Filter = { type: undefined, text: '' };

const ENVELOPE = new Set(['type', 'channel', 'offset', 'position', 'timestamp', 'key']);
/** What is searched of an event, and what a line shows of it: one event may have a megabyte. */
const SEARCHED = 10_000;
const SHOWN = 400;

/** Events and gaps in the order in which they belong, as far as a filter lets them through. Gaps always are shown. */
export function rowsOf(events: readonly Event[], gaps: readonly Gap[], filter: Filter): Row[] {
  const places = new Map<number, Gap[]>();
  for (const gap of gaps) {
    const place = placeOf(gap, events);
    places.set(place, [...(places.get(place) ?? []), gap]);
  }
  const text = filter.text.trim().toLowerCase();
  const rows: Row[] = [];
  const tellGaps = (place: number): void => {
    places.get(place)?.forEach((gap) => rows.push({ kind: 'gap', id: `gap ${gap.from} ${gap.to}`, gap }));
  };
  events.forEach((event, place) => {
    tellGaps(place);
    if ((filter.type === undefined || event.type === filter.type) && (text === '' || searchedOf(event).includes(text))) {
      rows.push(rowOf(event));
    }
  });
  tellGaps(events.length);
  return rows;
}

const made = new WeakMap<Event, EventRow>();

/** The row of an event: the same each time, since a list is made anew with every frame. */
export function rowOf(event: Event): EventRow {
  let row = made.get(event);
  if (row === undefined) {
    row = { kind: 'event', id: event.position, event };
    made.set(event, row);
  }
  return row;
}

/** Before which event a gap belongs. */
function placeOf(gap: Gap, events: readonly Event[]): number {
  const [from, to] = [positionOf(gap.from), positionOf(gap.to)];
  const life = `${to?.epoch}.`;
  const after = from !== undefined && from.epoch === to?.epoch ? from.offset : -1;
  const place = events.findIndex(({ position, offset }) => offset > after && position.startsWith(life));
  return place === -1 ? events.length : place;
}

/** Why something is not there. */
export function reasonOf({ lost, reason }: Gap): string {
  switch (reason) {
    case 'epoch':
      return 'The log began anew: what it held before is gone, and nobody knows how much that was.';
    case 'ahead':
      return 'The log ends before the position that was asked for: it was set back.';
    default:
      return lost === null
        ? 'The log no longer holds what was here.'
        : `${lost.toLocaleString('en')} ${lost === 1 ? 'event is' : 'events are'} no longer held: older ones are trimmed.`;
  }
}

/** The producer's own fields. */
export function dataOf(event: Event): Record<string, unknown> {
  return Object.fromEntries(Object.entries(event).filter(([name]) => !ENVELOPE.has(name)));
}

const briefs = new WeakMap<Event, string>();

/** The data in one line. */
export function briefOf(event: Event): string {
  let brief = briefs.get(event);
  if (brief === undefined) {
    const fields = Object.entries(dataOf(event)).map(([name, value]) => `${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`);
    brief = fields.join(' · ').slice(0, SHOWN);
    briefs.set(event, brief);
  }
  return brief;
}

const searched = new WeakMap<Event, string>();

function searchedOf(event: Event): string {
  let text = searched.get(event);
  if (text === undefined) {
    text = `${event.type} ${event.key ?? ''} ${event.offset} ${JSON.stringify(dataOf(event)).slice(0, SEARCHED)}`.toLowerCase();
    searched.set(event, text);
  }
  return text;
}

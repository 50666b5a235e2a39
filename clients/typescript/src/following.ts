/**
 * How far one reader is in one channel, whatever carries it. Pure: the server's messages go in, what the reader is told
 * comes out.
 *
 * The law:
 * 1. The position moves only with what is told: by an event to itself, by a gap to its end. A `subscribed` that says
 *    that something was lost does not move it; the gap behind it does. So a cut between the two loses nothing silently.
 * 2. Nothing is told twice: what is not after the position is passed over. So two connections may tell the same at the
 *    same time. Each begins no later than where the reader stood, and tells everything after it in order; therefore
 *    what is after the position is the next thing.
 * 3. Behind a gap the state follows, as far as the gap reaches; what is newer comes by itself.
 * 4. A life of the log that is over stays over: a connection that still tells of it is not heard.
 */
import type { Event, Gap, Subscribed } from './messages.js';
import { covers, parsePosition } from './position.js';

/** What a reader is told. */
export type Told = Event | Gap;

/** What a connection says about a channel. */
export type Message = Subscribed | Gap | Event;

/** Lives of the log that are remembered as over: more than restart while a page is open. */
const LIVES = 16;

export class Following {
  /** Where to go on. Undefined: nothing was told, and the reader wants the state first. */
  since: string | undefined;
  /** The latest event of each key. */
  readonly state = new Map<string, Event>();
  readonly #over: string[] = [];

  constructor(since: string | undefined) {
    this.since = since;
  }

  /** What the reader is told by this message, in order. */
  take(message: Message): Told[] {
    if (isSubscribed(message)) {
      return this.#subscribed(message);
    }
    if (isGap(message)) {
      return this.#gap(message);
    }
    // Without an offset it is none of ours: it comes from a server that knows more than this client.
    return typeof message.offset === 'number' ? this.#event(message) : [];
  }

  #subscribed(message: Subscribed): Told[] {
    if (this.since === undefined) {
      // The snapshot and its position are one message: both are told, or neither is. Without a snapshot a gap follows.
      if (message.snapshot === undefined && !message.recovered) {
        return [];
      }
      const state = message.snapshot ?? [];
      this.#move(message.position);
      state.forEach((event) => this.#keep(event));
      return [...state];
    }
    if (message.recovered) {
      this.#adopt(message.position);
    }
    return [];
  }

  /** A position of a parent's life reads on under the child's, at the same offset. */
  #adopt(position: string): void {
    const ours = parsePosition(this.since ?? '');
    const theirs = parsePosition(position);
    if (ours.epoch === '') {
      this.#move(position);
    } else if (ours.epoch !== theirs.epoch && !this.#over.includes(theirs.epoch)) {
      this.#move(`${theirs.epoch}.${Math.max(ours.offset, theirs.offset)}`);
    }
  }

  #gap(gap: Gap): Told[] {
    const first = this.since === undefined;
    const reached = parsePosition(this.since ?? '');
    const to = parsePosition(gap.to);
    const known = gap.reason === 'ahead' ? gap.to === this.since : covers(reached, to);
    if (known || this.#over.includes(to.epoch)) {
      return [];
    }
    this.#move(gap.to);
    this.state.clear();
    gap.snapshot.forEach((event) => this.#keep(event));
    const after = parsePosition(gap.from);
    const state = gap.snapshot.filter((event) => {
      const position = parsePosition(event.position);
      return event.offset <= to.offset && !(gap.reason === 'trimmed' && covers(after, position));
    });
    // Who has been told nothing has lost nothing.
    return first ? state : [gap, ...state];
  }

  #event(event: Event): Told[] {
    const position = parsePosition(event.position);
    if (this.#over.includes(position.epoch)) {
      return [];
    }
    if (this.since !== undefined && covers(parsePosition(this.since), position)) {
      return [];
    }
    this.#move(event.position);
    this.#keep(event);
    return [event];
  }

  #move(position: string): void {
    const before = parsePosition(this.since ?? '').epoch;
    const now = parsePosition(position).epoch;
    if (before !== '' && before !== now) {
      this.#over.push(before);
      this.#over.splice(0, this.#over.length - LIVES);
    }
    this.since = position;
  }

  #keep(event: Event): void {
    if (event.key === undefined) {
      return;
    }
    const kept = this.state.get(event.key);
    const older =
      kept !== undefined &&
      event.offset < kept.offset &&
      parsePosition(kept.position).epoch === parsePosition(event.position).epoch;
    if (!older) {
      this.state.set(event.key, event);
    }
  }
}

function isSubscribed(message: Message): message is Subscribed {
  return message.type === 'subscribed';
}

export function isGap(message: Message): message is Gap {
  return message.type === 'gap';
}

/** What one component sees of a channel: its choice of the events, bounded, and the same for everybody beside them. */
import type { Event, Gap, HeadwayError, Status } from 'headway-client';

/** After an interruption: how many updates were caught up on. Nothing was lost. */
export interface Recovery {
  readonly updates: number;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** A channel, as of the last frame. The same object as long as nothing in it is new. */
export interface ChannelView<E extends Event = Event> {
  readonly status: Status;
  /** The newest events that were asked for, the oldest first. */
  readonly events: readonly E[];
  /** The latest event of each key. */
  readonly state: ReadonlyMap<string, Event>;
  /** Where the reader stood when this was new. */
  readonly position: string | undefined;
  /** What the log no longer held when it was asked for, the oldest first. */
  readonly gaps: readonly Gap[];
  readonly recoveries: readonly Recovery[];
  /** Why it is not followed. */
  readonly error: HeadwayError | undefined;
}

/** Which events, and how many. */
export interface Choice {
  readonly keep: number;
  readonly types: readonly string[] | undefined;
  /** Without events that have a key. */
  readonly milestones: boolean;
  /** Whether a newer state is news to this component. */
  readonly state: boolean;
}

export const NOTHING: ChannelView = {
  status: 'connecting',
  events: [],
  state: new Map(),
  position: undefined,
  gaps: [],
  recoveries: [],
  error: undefined,
};

/** What all views of a channel have in common. */
export type Common = Omit<ChannelView, 'events'>;

export class View {
  readonly choice: Choice;
  readonly notify = new Set<() => void>();
  /** What the component sees. */
  shown: ChannelView = NOTHING;
  #events: Event[] = [];
  #fresh = true;

  constructor(choice: Choice) {
    this.choice = choice;
  }

  take(event: Event): void {
    const { keep, types, milestones, state } = this.choice;
    if (state && event.key !== undefined) {
      this.#fresh = true;
    }
    if ((milestones && event.key !== undefined) || (types !== undefined && !types.includes(event.type)) || keep <= 0) {
      return;
    }
    this.#fresh = true;
    this.#events.push(event);
    // Trimmed only now and then: to shift for each event would be to copy for each event.
    if (this.#events.length > keep * 2) {
      this.#events.splice(0, this.#events.length - keep);
    }
  }

  /** Something that concerns every view has happened. */
  refresh(): void {
    this.#fresh = true;
  }

  clear(): void {
    this.#events = [];
    this.#fresh = true;
  }

  /** Show what is new, if anything is. */
  show(common: Common): void {
    if (this.#fresh) {
      this.#fresh = false;
      const { keep } = this.choice;
      this.shown = { ...common, events: keep > 0 ? this.#events.slice(-keep) : [] };
      this.notify.forEach((notify) => notify());
    }
  }
}

/**
 * What a transport is: it opens connections. A connection follows channels from positions and says what it hears. It
 * knows nothing of other connections, of scores, of reconnecting, or of what was told before: that is the ladder's and
 * the reader's.
 */
import type { HeadwayError } from '../endings.js';
import type { Ended } from '../endings.js';
import type { Message } from '../following.js';
import type { Draft, Published } from '../messages.js';
import type { Runtime } from '../runtime.js';

/** How a channel is followed. */
export interface Follow {
  /** Undefined: the state first. Empty: everything the log holds. Otherwise a position. */
  readonly since: string | undefined;
  readonly batch: boolean | number | undefined;
}

/** Events on their way to the server. The key makes sending them again safe. */
export interface Publication {
  readonly channel: string;
  readonly events: readonly Draft[];
  readonly key: string;
}

/** What a connection is given, and whom it tells. */
export interface Link {
  /** The server's address; it ends with a slash. */
  readonly url: URL;
  /** Names this client to the server, so that all its connections count as one. */
  readonly client: string;
  readonly runtime: Runtime;
  /** Milliseconds of silence after which a connection counts as dead. */
  readonly silence: number;
  token(): string | undefined;
  /** What is to be followed, and from where, as of this moment. */
  follows(): ReadonlyMap<string, Follow>;
  /** Everything that was asked for at the beginning has been answered: this connection can be relied on. */
  answered(): void;
  /** A sign of life. */
  heard(): void;
  /** A channel was asked for: if it does not begin within half the silence, this connection is good for nothing. */
  expect(channel: string): void;
  /** Something about a channel. */
  told(channel: string, message: Message): void;
  /** The reader of this channel has now been told all there is. Only said by who knows. */
  current(channel: string): void;
  /** The server does not let this channel be followed. */
  refused(channel: string, error: HeadwayError): void;
  /** The token holds until then: milliseconds since 1970. */
  authenticated(until: number | undefined): void;
  /** It is over. Nothing is said after this. */
  ended(ended: Ended): void;
}

export interface Connection {
  /** Follow a channel, or follow it anew from another position. */
  follow(channel: string, how: Follow): void;
  unfollow(channel: string): void;
  /** Publish over this connection, where it can. Rejects with `HeadwayError` or `Ended`. */
  publish?(publication: Publication): Promise<Published>;
  /** Ask for a sign of life, where it can. */
  ping?(): void;
  /** Go on with another token. False: this connection cannot, and is to be replaced. */
  renew(token: string): boolean;
  /** End, and say nothing more. Idempotent. */
  close(): void;
}

export interface Transport {
  readonly name: string;
  /** Whether this browser or program has what it takes. */
  usable(runtime: Runtime): boolean;
  open(link: Link): Connection;
}

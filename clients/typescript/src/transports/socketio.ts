/**
 * A stock Socket.IO client (`io`), where there is one. It brings its own two carriers, polling and WebSocket.
 *
 * It is told not to reconnect: coming back is the ladder's, from the position, on whatever transport. So its connection
 * state recovery is not used either; a position can do more, since it is good on every transport.
 *
 * Engine.IO's polling acknowledges nothing: an answer that a proxy loses and asks for again is lost for good, and
 * nobody is told. So where a message may have come by polling, an offset that does not follow the one before makes this
 * connection begin the channel anew, from where the reader stands. (Only there: elsewhere such an offset means that
 * the server skipped what was overtaken.) And when it is quiet the server is asked how far it thinks we are:
 * `subscribe` without `since`, to what is followed already, says just that.
 */
import { Ended, errorOf, failed, refused } from '../endings.js';
import { isGap } from '../following.js';
import type { Message } from '../following.js';
import type { Answer, AuthSuccess, Command, Published } from '../messages.js';
import { covers, parsePosition } from '../position.js';
import type { IoSocket } from '../runtime.js';
import type { Connection, Follow, Link, Publication, Transport } from './interface.js';

export const socketio: Transport = {
  name: 'socketio',
  usable: (runtime) => runtime.io !== undefined,
  open: (link) => new SocketIOConnection(link),
};

/** How far this connection is in a channel. */
interface Place {
  /** Undefined: it has not begun. */
  position: string | undefined;
  /** Whether the last message may have come by polling. */
  polled: boolean;
}

class SocketIOConnection implements Connection {
  readonly #link: Link;
  readonly #socket: IoSocket;
  readonly #pending = new Set<(error: Ended) => void>();
  readonly #heard = new Map<string, Place>();
  #joined = false;
  #over = false;

  constructor(link: Link) {
    this.#link = link;
    const token = link.token();
    // usable() said that there is one.
    this.#socket = link.runtime.io!(link.url.origin, {
      path: `${link.url.pathname}socket.io/`,
      query: { client: link.client },
      forceNew: true,
      reconnection: false,
      auth: token === undefined ? {} : { token },
    });
    this.#socket.on('connect', () => this.#opened());
    this.#socket.on('connect_error', (error: Error & { data?: unknown }) =>
      this.#end(error.data === undefined ? failed(error) : refused(error.data)),
    );
    this.#socket.on('disconnect', (reason: string) =>
      // The server puts out whose token has expired; everything else is the connection's end.
      this.#end(
        reason === 'io server disconnect'
          ? refused({ code: 'unauthorized', message: 'the token is not accepted any more' })
          : new Ended(reason),
      ),
    );
    this.#socket.onAny((_type, fields) => {
      link.heard();
      const message = fields as Message | undefined;
      if (message !== undefined && typeof message.channel === 'string') {
        if (message.type === 'unsubscribed') {
          link.refused(message.channel, errorOf(message));
        } else {
          this.#tell(message.channel, message);
        }
      } else if (typeof (message as { close?: unknown } | undefined)?.close === 'number') {
        // What comes before the server puts us out, and says why.
        this.#end(refused(message));
      }
    });
  }

  follow(channel: string, { since }: Follow): void {
    // Until it has begun anew nothing is heard of it.
    const place: Place = { position: undefined, polled: true };
    this.#heard.set(channel, place);
    this.#link.expect(channel);
    this.#say({ type: 'subscribe', channel, ...(since === undefined ? {} : { since }) }, (answer) => {
      if (this.#heard.get(channel) !== place) {
        return;
      }
      if (answer.type === 'error') {
        this.#link.refused(channel, errorOf(answer));
      } else {
        this.#tell(channel, answer as Message);
      }
    });
  }

  unfollow(channel: string): void {
    this.#heard.delete(channel);
    this.#say({ type: 'unsubscribe', channel }, () => undefined);
  }

  publish({ channel, events, key }: Publication): Promise<Published> {
    return new Promise((resolve, reject) => {
      this.#pending.add(reject);
      this.#say({ type: 'publish', channel, events, idempotency_key: key }, (answer) => {
        this.#pending.delete(reject);
        if (answer.type === 'published') {
          resolve(answer);
        } else {
          reject(errorOf(answer));
        }
      });
    });
  }

  ping(): void {
    this.#heard.forEach((place, channel) => place.polled && place.position !== undefined && this.#verify(channel));
    this.#say({ type: 'ping' }, () => this.#link.answered());
  }

  renew(token: string): boolean {
    this.#say({ type: 'auth', token }, (answer) => {
      const { expires } = answer as AuthSuccess;
      this.#link.authenticated(typeof expires === 'number' ? expires * 1000 : undefined);
    });
    return true;
  }

  close(): void {
    if (!this.#over) {
      this.#over = true;
      this.#socket.off();
      this.#socket.offAny();
      this.#socket.disconnect();
      this.#forsake(new Ended('the connection was closed'));
    }
  }

  #opened(): void {
    this.#joined = true;
    this.#link.heard();
    this.#link.follows().forEach((how, channel) => this.follow(channel, how));
    // Messages of one client are handled one after the other, so its answer comes after theirs.
    this.ping();
  }

  #tell(channel: string, message: Message): void {
    const place = this.#heard.get(channel);
    const begins = message.type === 'subscribed' && 'recovered' in message;
    if (place === undefined || (place.position === undefined && !begins)) {
      return;
    }
    const polling = this.#socket.io?.engine?.transport?.name !== 'websocket';
    const before = parsePosition(place.position ?? '');
    const now = parsePosition(message.position);
    const may = place.polled || polling;
    if (may && !begins && !isGap(message) && before.epoch === now.epoch && now.offset > before.offset + 1) {
      this.#again(channel);
      return;
    }
    // Events of a state are older than where it begins.
    place.position = covers(before, now) && !isGap(message) && !begins ? place.position : message.position;
    place.polled = polling;
    this.#link.told(channel, message);
  }

  /** Ask how far the server thinks we are in a channel. What it said before has arrived by then, or never will. */
  #verify(channel: string): void {
    this.#say({ type: 'subscribe', channel }, (answer) => {
      const place = this.#heard.get(channel);
      if (answer.type === 'subscribed' && place?.position !== undefined) {
        if (!covers(parsePosition(place.position), parsePosition(answer.position))) {
          this.#again(channel);
        }
      }
    });
  }

  #again(channel: string): void {
    const how = this.#link.follows().get(channel);
    if (how !== undefined) {
      this.follow(channel, how);
    }
  }

  #say({ type, ...fields }: Command, answered: (answer: Answer) => void): void {
    if (this.#joined && !this.#over) {
      this.#socket.emit(type, fields, (answer: Answer) => {
        if (!this.#over) {
          this.#link.heard();
          answered(answer);
        }
      });
    }
  }

  #end(ended: Ended): void {
    if (!this.#over) {
      this.close();
      this.#forsake(ended);
      this.#link.ended(ended);
    }
  }

  #forsake(ended: Ended): void {
    this.#pending.forEach((reject) => reject(ended));
    this.#pending.clear();
  }
}

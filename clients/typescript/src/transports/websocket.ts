/**
 * The native protocol on a WebSocket, as docs/reference/wire.md has it.
 *
 *     > auth {token}?  subscribe {channel, since?, id: channel} …  ping
 *     < auth_success {user, expires?}  subscribed …  pong
 *
 * The server handles the messages of one client one after the other, so the pong says that everything before it has
 * been answered. The token goes into a message, never into the address, which proxies write into their logs.
 */
import { Ended, closed, errorOf } from '../endings.js';
import type { Message } from '../following.js';
import type { Answer, AuthSuccess, Batch, Command, Published } from '../messages.js';
import type { Socket } from '../runtime.js';
import type { Connection, Follow, Link, Publication, Transport } from './interface.js';

export const websocket: Transport = {
  name: 'websocket',
  usable: (runtime) => runtime.WebSocket !== undefined,
  open: (link) => new WebSocketConnection(link),
};

interface Pending {
  readonly resolve: (published: Published) => void;
  readonly reject: (error: unknown) => void;
}

class WebSocketConnection implements Connection {
  readonly #link: Link;
  readonly #socket: Socket;
  readonly #pending = new Map<number, Pending>();
  #open = false;
  #over = false;
  #last = 0;
  #retry: number | undefined;

  constructor(link: Link) {
    this.#link = link;
    const url = new URL(`ws?client=${link.client}`, link.url);
    url.protocol = url.protocol.replace('http', 'ws');
    // usable() said that there is one.
    const Constructor = link.runtime.WebSocket!;
    this.#socket = new Constructor(url.href);
    this.#socket.onopen = () => this.#opened();
    this.#socket.onmessage = (event) => this.#received(event.data);
    this.#socket.onclose = (event) => this.#end(closed(event.code, event.reason, this.#retry));
    // A close always follows.
    this.#socket.onerror = () => undefined;
  }

  follow(channel: string, how: Follow): void {
    const { since, batch } = how;
    this.#link.expect(channel);
    this.#say({
      type: 'subscribe',
      channel,
      ...(since === undefined ? {} : { since }),
      ...(batch === undefined ? {} : { batch }),
      id: channel,
    });
  }

  unfollow(channel: string): void {
    this.#say({ type: 'unsubscribe', channel });
  }

  publish({ channel, events, key }: Publication): Promise<Published> {
    const id = (this.#last += 1);
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      this.#say({ type: 'publish', channel, events, idempotency_key: key, id });
    });
  }

  ping(): void {
    this.#say({ type: 'ping' });
  }

  renew(token: string): boolean {
    this.#say({ type: 'auth', token });
    return true;
  }

  close(): void {
    if (!this.#over) {
      this.#over = true;
      this.#socket.onmessage = this.#socket.onclose = this.#socket.onopen = null;
      this.#socket.close(1000);
      this.#forsake(new Ended('the connection was closed'));
    }
  }

  #opened(): void {
    this.#open = true;
    const token = this.#link.token();
    if (token !== undefined) {
      this.renew(token);
    }
    this.#link.follows().forEach((how, channel) => this.follow(channel, how));
    this.ping();
  }

  #received(data: unknown): void {
    this.#link.heard();
    let message: Answer | Message;
    try {
      message = JSON.parse(String(data)) as Answer | Message;
    } catch {
      this.close();
      this.#link.ended(new Ended('the server said something that is not JSON'));
      return;
    }
    switch (message.type) {
      case 'pong':
        this.#link.answered();
        break;
      case 'published':
        this.#settle(message.id)?.resolve(message as Published);
        break;
      case 'auth_success': {
        const { expires } = message as AuthSuccess;
        this.#link.authenticated(typeof expires === 'number' ? expires * 1000 : undefined);
        break;
      }
      case 'reconnect':
        this.#retry = message.retry as number;
        break;
      case 'error':
        // An event may be called so too; it has an offset.
        if (!('offset' in message)) {
          this.#complained(message);
          break;
        }
        this.#tell(message as Message);
        break;
      case 'batch':
        (message as Batch).messages.forEach((inner) => this.#tell(inner));
        break;
      case 'unsubscribed':
        // Not what we asked for, but what another token does not cover.
        if ('code' in message) {
          this.#link.refused(String(message.channel), errorOf(message));
        }
        break;
      case 'auth_failed':
        break;
      default:
        this.#tell(message as Message);
    }
  }

  #tell(message: Message): void {
    if (typeof message.channel === 'string') {
      this.#link.told(message.channel, message);
    }
  }

  #complained(message: { readonly id?: unknown }): void {
    const error = errorOf(message);
    if (typeof message.id === 'string') {
      this.#link.refused(message.id, error);
    } else {
      this.#settle(message.id)?.reject(error);
    }
  }

  #settle(id: unknown): Pending | undefined {
    const pending = this.#pending.get(id as number);
    this.#pending.delete(id as number);
    return pending;
  }

  #say(command: Command): void {
    // What is to be followed is said as a whole once it opens.
    if (this.#open && !this.#over) {
      this.#socket.send(JSON.stringify(command));
    }
  }

  #end(ended: Ended): void {
    if (!this.#over) {
      this.#over = true;
      this.#forsake(ended);
      this.#link.ended(ended);
    }
  }

  /** Nobody will answer these any more. */
  #forsake(ended: Ended): void {
    this.#pending.forEach((pending) => pending.reject(ended));
    this.#pending.clear();
  }
}

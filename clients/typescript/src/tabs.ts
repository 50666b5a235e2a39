/**
 * One connection for all tabs of a browser: a transport whose peer is another tab.
 *
 * Whoever holds the Web Lock leads: it has a client of its own, follows what any tab follows, and tells everything on a
 * BroadcastChannel. Every tab, the leading one too, reads there. A browser gives the lock to the next tab when the one
 * that holds it is closed or crashes; each tab holds a lock of its own as well, by which the leader learns that it is
 * gone.
 *
 *     tab ▶ leader   hello                     welcome                      is somebody there, and who
 *                    follow {channel}          following {channel}          from now on `told` says everything after it
 *                    unfollow {channel}
 *                    publish {key, …}          published {…} | error
 *                    ping                      pong
 *     leader ▶ all   told {channel, message}   welcome, leaving             another one leads
 *
 * A tab that begins reads what lies before the leader's place from the server itself, by polls, and keeps what is told
 * meanwhile: so tabs may stand anywhere, and the leader keeps nothing for anybody.
 *
 * A leader that sleeps is noticed by its silence like any other peer, and the ladder goes on with the next transport.
 */
import type { Channel } from './channel.js';
import type { Client } from './client.js';
import { Ended, HeadwayError, errorOf, failed } from './endings.js';
import { askJson, channelPath } from './http.js';
import type { Message } from './following.js';
import type { Published } from './messages.js';
import type { Connection, Follow, Link, Publication, Transport } from './transports/interface.js';
import type { Page } from './transports/polling.js';

/** The part of Web Locks that is used. */
export interface Locks {
  request(name: string, options: { signal?: AbortSignal }, held: () => Promise<void>): Promise<unknown>;
}

/** The part of a BroadcastChannel that is used. */
export interface Broadcast {
  onmessage: ((event: { data: unknown }) => void) | null;
  postMessage(message: unknown): void;
  close(): void;
}

export interface TabsOptions {
  /** Default: `navigator.locks`. */
  readonly locks?: Locks | undefined;
  readonly open?: ((name: string) => Broadcast) | undefined;
}

type Note =
  | { kind: 'hello' | 'ping' | 'bye'; from: string }
  | { kind: 'follow' | 'unfollow'; from: string; channel: string }
  | { kind: 'publish'; from: string; publication: Publication }
  | { kind: 'welcome'; leader: string }
  | { kind: 'leaving'; leader: string }
  | { kind: 'pong'; to: string }
  | { kind: 'following'; to: string; channel: string }
  | { kind: 'told'; channel: string; message: Message }
  | { kind: 'published'; to: string; key: string; published?: Published; error?: Complaint };

/** An error as it goes from tab to tab. */
interface Complaint {
  readonly code: string;
  readonly message: string;
  readonly details: Readonly<Record<string, unknown>>;
}

/**
 * The transport. `connect` makes the client that a leading tab uses:
 *
 *     const shared = tabs(() => connect(url, { getToken }));
 *     const client = connect(url, { getToken, transports: [shared, 'websocket', 'polling'] });
 */
export function tabs(connect: () => Client, options: TabsOptions = {}): Transport {
  const locks = options.locks ?? (globalThis.navigator as { locks?: Locks } | undefined)?.locks;
  const open = options.open ?? ((name) => new BroadcastChannel(name) as unknown as Broadcast);
  return {
    name: 'tabs',
    usable: () => locks !== undefined && (options.open !== undefined || typeof BroadcastChannel === 'function'),
    // usable() said that there are locks.
    open: (link) => new TabConnection(link, locks!, open, connect),
  };
}

/** A tab's side. */
class TabConnection implements Connection {
  readonly #link: Link;
  readonly #id: string;
  readonly #post: Broadcast;
  readonly #abort = new AbortController();
  readonly #catching = new Map<string, Catching>();
  readonly #following = new Set<string>();
  readonly #pending = new Map<string, { resolve: (published: Published) => void; reject: (error: unknown) => void }>();
  #leader: string | undefined;
  #resign: (() => void) | undefined;
  #over = false;
  #greeted = false;

  constructor(link: Link, locks: Locks, open: (name: string) => Broadcast, connect: () => Client) {
    this.#link = link;
    this.#id = link.runtime.newId();
    const name = `headway:${link.url.href}`;
    this.#post = open(name);
    this.#post.onmessage = (event) => this.#heard(event.data as Note);
    const gone = (): void => undefined;
    const mine = new Promise<void>((resolve) => this.#abort.signal.addEventListener('abort', () => resolve()));
    void locks.request(`${name}:${this.#id}`, {}, () => mine).catch(gone);
    void locks
      .request(name, { signal: this.#abort.signal }, () => {
        if (this.#over) {
          return Promise.resolve();
        }
        const leader = new Leader(this.#id, open(name), locks, name, connect());
        return new Promise((resolve) => {
          this.#resign = () => {
            leader.close();
            resolve();
          };
        });
      })
      .catch(gone);
    this.#say({ kind: 'hello', from: this.#id });
  }

  follow(channel: string, { since }: Follow): void {
    this.#catching.get(channel)?.abort.abort();
    this.#following.delete(channel);
    this.#link.expect(channel);
    this.#catching.set(channel, { since, abort: new AbortController(), kept: undefined });
    this.#say({ kind: 'follow', from: this.#id, channel });
  }

  unfollow(channel: string): void {
    this.#catching.get(channel)?.abort.abort();
    this.#catching.delete(channel);
    this.#following.delete(channel);
    this.#say({ kind: 'unfollow', from: this.#id, channel });
    this.#greet();
  }

  publish(publication: Publication): Promise<Published> {
    return new Promise((resolve, reject) => {
      this.#pending.set(publication.key, { resolve, reject });
      this.#say({ kind: 'publish', from: this.#id, publication });
    });
  }

  ping(): void {
    this.#say({ kind: 'ping', from: this.#id });
  }

  renew(): boolean {
    // The leader has a token of its own; polls show the next one.
    return true;
  }

  close(): void {
    if (!this.#over) {
      this.#say({ kind: 'bye', from: this.#id });
      this.#over = true;
      this.#resign?.();
      this.#abort.abort();
      this.#catching.forEach((catching) => catching.abort.abort());
      this.#forsake(new Ended('the connection was closed'));
      this.#post.onmessage = null;
      this.#post.close();
    }
  }

  #heard(note: Note): void {
    if ('to' in note && note.to !== this.#id) {
      return;
    }
    switch (note.kind) {
      case 'welcome':
        this.#link.heard();
        if (this.#leader !== note.leader) {
          // The first one, or another one after it was closed: go on there, from where the reader stands.
          this.#forsake(new Ended('another tab leads now'));
          this.#leader = note.leader;
          this.#link.follows().forEach((how, channel) => this.follow(channel, how));
          this.#greet();
        }
        break;
      case 'leaving':
        if (note.leader === this.#leader) {
          this.#leader = undefined;
          this.#forsake(new Ended('the tab that led is closed'));
          // Somebody else leads soon, or this connection ends.
          this.#link.follows().forEach((_how, channel) => this.#link.expect(channel));
        }
        break;
      case 'pong':
        this.#link.heard();
        break;
      case 'following': {
        this.#link.heard();
        const catching = this.#catching.get(note.channel);
        if (catching !== undefined && catching.kept === undefined) {
          catching.kept = [];
          void this.#catchUp(note.channel, catching);
        }
        break;
      }
      case 'told': {
        this.#link.heard();
        this.#catching.get(note.channel)?.kept?.push(note.message);
        if (this.#following.has(note.channel)) {
          this.#link.told(note.channel, note.message);
        }
        break;
      }
      case 'published': {
        const pending = this.#pending.get(note.key);
        this.#pending.delete(note.key);
        if (note.published !== undefined) {
          pending?.resolve(note.published);
        } else {
          pending?.reject(errorOf(note.error));
        }
      }
    }
  }

  /** Read up to where the leader is, then what it has told meanwhile. */
  async #catchUp(channel: string, catching: Catching): Promise<void> {
    const { abort } = catching;
    try {
      let since = catching.since;
      for (let more = true; more; ) {
        const query = since === undefined ? '' : `?${new URLSearchParams({ since }).toString()}`;
        const path = channelPath(channel, `events${query}`);
        const page = (await askJson(this.#link, path, { signal: abort.signal })) as Page;
        if (abort.signal.aborted) {
          return;
        }
        if (since === catching.since) {
          this.#began(channel, since, page);
        }
        page.events.forEach((event) => this.#link.told(channel, event));
        ({ position: since, more } = page);
      }
      this.#catching.delete(channel);
      this.#following.add(channel);
      catching.kept?.forEach((message) => this.#link.told(channel, message));
      this.#link.current(channel);
      this.#greet();
    } catch (error) {
      const ended = failed(error);
      if (abort.signal.aborted) {
        return;
      }
      if (ended.advice === 'stop') {
        this.unfollow(channel);
        this.#link.refused(channel, ended.error);
      } else {
        this.#end(ended);
      }
    }
  }

  #began(channel: string, since: string | undefined, page: Page): void {
    const lost = page.events.some((event) => event.type === 'gap');
    const snapshot = page.snapshot === undefined ? {} : { snapshot: page.snapshot };
    const position = since === undefined ? page.position : since;
    this.#link.told(channel, { type: 'subscribed', channel, position, recovered: since !== undefined && !lost, ...snapshot });
  }

  #greet(): void {
    if (!this.#greeted && this.#leader !== undefined && this.#catching.size === 0) {
      this.#greeted = true;
      this.#link.answered();
    }
  }

  /** Nobody will answer these any more; with their keys they may be said again. */
  #forsake(ended: Ended): void {
    this.#pending.forEach((pending) => pending.reject(ended));
    this.#pending.clear();
  }

  #say(note: Note): void {
    if (!this.#over) {
      this.#post.postMessage(note);
    }
  }

  #end(ended: Ended): void {
    if (!this.#over) {
      this.close();
      this.#link.ended(ended);
    }
  }
}

/** A channel that a tab is about to follow. */
interface Catching {
  readonly since: string | undefined;
  readonly abort: AbortController;
  /** What the leader has told since it said that it follows. */
  kept: Message[] | undefined;
}

/** The leading tab's side. */
class Leader {
  readonly #id: string;
  readonly #post: Broadcast;
  readonly #locks: Locks;
  readonly #name: string;
  readonly #client: Client;
  readonly #channels = new Map<string, { channel: Channel; tabs: Set<string> }>();
  readonly #watched = new Set<string>();
  #over = false;

  constructor(id: string, post: Broadcast, locks: Locks, name: string, client: Client) {
    this.#id = id;
    this.#post = post;
    this.#locks = locks;
    this.#name = name;
    this.#client = client;
    post.onmessage = (event) => this.#heard(event.data as Note);
    this.#say({ kind: 'welcome', leader: id });
  }

  close(): void {
    this.#say({ kind: 'leaving', leader: this.#id });
    this.#over = true;
    this.#post.onmessage = null;
    this.#post.close();
    this.#client.close();
  }

  #heard(note: Note): void {
    switch (note.kind) {
      case 'hello':
        this.#watch(note.from);
        this.#say({ kind: 'welcome', leader: this.#id });
        break;
      case 'ping':
        this.#say({ kind: 'pong', to: note.from });
        break;
      case 'follow':
        this.#watch(note.from);
        this.#follow(note.from, note.channel);
        break;
      case 'unfollow':
        this.#unfollow(note.from, note.channel);
        break;
      case 'bye':
        [...this.#channels.keys()].forEach((channel) => this.#unfollow(note.from, channel));
        break;
      case 'publish':
        void this.#publish(note.from, note.publication);
    }
  }

  /** Notice when a tab is gone, also without a word. */
  #watch(tab: string): void {
    if (!this.#watched.has(tab)) {
      this.#watched.add(tab);
      void this.#locks
        .request(`${this.#name}:${tab}`, {}, () => {
          this.#watched.delete(tab);
          [...this.#channels.keys()].forEach((channel) => this.#unfollow(tab, channel));
          return Promise.resolve();
        })
        .catch(() => undefined);
    }
  }

  #follow(tab: string, name: string): void {
    let known = this.#channels.get(name);
    if (known === undefined) {
      const channel: Channel = this.#client.channel(name);
      known = { channel, tabs: new Set() };
      this.#channels.set(name, known);
      channel.on('*', (message) => this.#say({ kind: 'told', channel: name, message }));
      channel.onStatus(() => this.#following(name));
    }
    known.tabs.add(tab);
    this.#following(name, tab);
  }

  /** Say that the channel is followed, to those who wait for it, once it is. A refusal they meet themselves. */
  #following(name: string, only?: string): void {
    const known = this.#channels.get(name);
    if (known !== undefined && (known.channel.position !== undefined || known.channel.error !== undefined)) {
      const tabs = only === undefined ? [...known.tabs] : [only];
      tabs.forEach((to) => this.#say({ kind: 'following', to, channel: name }));
    }
  }

  #unfollow(tab: string, name: string): void {
    const known = this.#channels.get(name);
    if (known?.tabs.delete(tab) === true && known.tabs.size === 0) {
      this.#channels.delete(name);
      known.channel.close();
    }
  }

  async #publish(to: string, { channel, events, key }: Publication): Promise<void> {
    try {
      // A client publishes one at a time.
      const { type, data, key: eventKey } = events[0]!;
      const published = await this.#client.publish(channel, type, data, { key: eventKey, idempotencyKey: key });
      this.#say({ kind: 'published', to, key, published });
    } catch (error) {
      const { code, message, details } =
        error instanceof HeadwayError ? error : new HeadwayError('internal', String(error));
      this.#say({ kind: 'published', to, key, error: { code, message, details } });
    }
  }

  #say(note: Note): void {
    if (!this.#over) {
      this.#post.postMessage(note);
    }
  }
}

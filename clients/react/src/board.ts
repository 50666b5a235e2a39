/** What the components of a page share of one client: a reader for each channel they follow, and the connection. */
import type { Client } from 'headway-client';

import type { Beginning } from './beginning.js';
import { LinkStore } from './link.js';
import { Reader } from './reader.js';
import type { ReaderHost } from './reader.js';
import { NOTHING } from './view.js';
import type { ChannelView, Choice } from './view.js';

const boards = new WeakMap<Client, Board>();

/** The board of a client. It holds nothing that would have to be closed as long as nobody follows anything. */
export function boardOf(client: Client): Board {
  let board = boards.get(client);
  if (board === undefined) {
    board = new Board(client);
    boards.set(client, board);
  }
  return board;
}

export class Board {
  readonly link: LinkStore;
  readonly #client: Client;
  readonly #readers = new Map<string, Reader>();
  readonly #host: ReaderHost = {
    recovered: (_channel, updates) => this.link.recovered(updates),
    lost: (gap) => this.link.lost(gap),
    left: (reader) => this.#readers.delete(reader.name),
  };

  constructor(client: Client) {
    this.#client = client;
    this.link = new LinkStore(client);
  }

  /** Channels that are followed now. */
  get channels(): readonly string[] {
    return [...this.#readers.keys()];
  }

  follow(name: string, key: string, choice: Choice, beginning: Beginning, notify: () => void): () => void {
    let reader = this.#readers.get(name);
    if (reader === undefined) {
      reader = new Reader(this.#client, name, this.#host);
      this.#readers.set(name, reader);
    }
    return reader.follow(key, choice, beginning, notify);
  }

  shown(name: string, key: string): ChannelView {
    return this.#readers.get(name)?.shown(key) ?? NOTHING;
  }
}

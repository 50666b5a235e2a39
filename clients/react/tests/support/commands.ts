/** What a test in the browser has done outside of it: servers and networks that come and go, and other eyes. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { BrowserCommand } from 'vitest/node';

import { FaultProxy } from '../../../typescript/tests/support/proxy.js';
import { startServer } from '../../../typescript/tests/support/server.js';
import type { Server } from '../../../typescript/tests/support/server.js';
import { Front } from './front.js';
import type { Asked, Reply } from './front.js';

const KINDS = ['socketio', 'websocket', 'eventsource', 'polling', 'other'] as const;

/** Everything that one test uses. */
interface Place {
  server: Server;
  readonly folder: string;
  readonly proxy: FaultProxy;
  readonly front: Front;
}

export interface Addresses {
  readonly place: number;
  /** The server itself. */
  readonly direct: string;
  /** Through a proxy that can be told to let nothing through. */
  readonly proxied: string;
  /** Through a server that answers for the tasks' routes. */
  readonly fronted: string;
}

const places: Place[] = [];
/** Pages of tests come from another origin than the server. */
const env = { HEADWAY_ORIGINS: '*' };

export const open: BrowserCommand<[]> = async (): Promise<Addresses> => {
  const folder = await mkdtemp(join(tmpdir(), 'headway-react-'));
  const server = await startServer({ data: folder, env });
  const proxy = await FaultProxy.start(server.port);
  const front = await Front.start(server.port);
  const place = places.push({ server, folder, proxy, front }) - 1;
  return { place, direct: server.url, proxied: proxy.url, fronted: front.url };
};

export const close: BrowserCommand<[number]> = async (_context, place) => {
  const { server, proxy, front, folder } = at(place);
  await Promise.all([proxy.stop(), front.stop()]);
  await server.kill();
  await rm(folder, { recursive: true, force: true });
};

export const kill: BrowserCommand<[number]> = (_context, place) => at(place).server.kill();

export const restart: BrowserCommand<[number, boolean?]> = async (_context, place, forget = false) => {
  const there = at(place);
  there.server = await startServer({ port: there.server.port, data: forget ? '' : there.folder, env });
};

export const cut: BrowserCommand<[number]> = (_context, place) => KINDS.forEach((kind) => at(place).proxy.set(kind, 'refuse'));

export const heal: BrowserCommand<[number]> = (_context, place) => at(place).proxy.heal();

export const reply: BrowserCommand<[number, Reply]> = (_context, place, answer) => at(place).front.reply(answer);

export const asked: BrowserCommand<[number]> = (_context, place): Asked[] => at(place).front.asked;

/** Look at the page as somebody does who prefers this. */
export const prefer: BrowserCommand<[{ colorScheme?: 'light' | 'dark'; reducedMotion?: 'reduce' | 'no-preference' }]> = async (
  { page },
  media,
) => page.emulateMedia(media);

/** Keep a picture of what the test shows, for the documentation: HEADWAY_PICTURES names the folder. */
export const picture: BrowserCommand<[string]> = async ({ frame }, name) => {
  const folder = process.env['HEADWAY_PICTURES'];
  if (folder !== undefined) {
    await (await frame()).locator('main').screenshot({ path: join(folder, `${name}.png`) });
  }
};

/** Make the browser's own window larger than any page of the tests: a page that does not fit is shown smaller. */
export const room: BrowserCommand<[]> = ({ page }) => page.setViewportSize({ width: 1_400, height: 4_000 });

function at(place: number): Place {
  const found = places[place];
  if (found === undefined) {
    throw new Error(`there is no place ${place}`);
  }
  return found;
}

declare module 'vitest/browser' {
  interface BrowserCommands {
    open: () => Promise<Addresses>;
    close: (place: number) => Promise<void>;
    kill: (place: number) => Promise<void>;
    restart: (place: number, forget?: boolean) => Promise<void>;
    cut: (place: number) => Promise<void>;
    heal: (place: number) => Promise<void>;
    reply: (place: number, reply: Reply) => Promise<void>;
    asked: (place: number) => Promise<Asked[]>;
    room: () => Promise<void>;
    picture: (name: string) => Promise<void>;
    prefer: (media: { colorScheme?: 'light' | 'dark'; reducedMotion?: 'reduce' | 'no-preference' }) => Promise<void>;
  }
}

/** The built client in a real Chromium: every ordered pair of transports, and a walk. The long run is `npm run trials`. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { cases, generator, switchOver, walk } from '../../trials/switching.js';
import type { Case } from '../../trials/switching.js';
import { clean } from '../../trials/verdict.js';
import { Chromium, chromium } from '../support/chromium.js';
import { inChromium } from '../support/place.js';
import type { Place } from '../support/place.js';
import { startServer } from '../support/server.js';
import type { Server } from '../support/server.js';

const EVENTS = 2_000;

let server: Server;
let place: Place;

/** Every ordered pair, and every fault of each transport; not every fault of every pair. */
function some(): Case[] {
  return cases().filter(({ from, to, blow }, _at, all) => {
    const pairs = [...new Set(all.filter((one) => one.from === from).map((one) => one.to))];
    const blows = [...new Set(all.filter((one) => one.from === from).map((one) => one.blow))];
    return blows.indexOf(blow) % pairs.length === pairs.indexOf(to) && blow !== 'cut';
  });
}

describe.skipIf(chromium() === undefined)('in Chromium', () => {
  beforeAll(async () => {
    server = await startServer();
    place = await inChromium();
  });

  afterAll(async () => {
    await place.stop();
    await server.stop();
  });

  test.concurrent.each(some())('from $from to $to after $blow, and back, nothing is lost, repeated or out of order', async (one) => {
    const { verdict } = await switchOver(place, server, one);

    expect(verdict.events).toBeGreaterThan(50);
    expect(clean(verdict), JSON.stringify(verdict)).toBe(true);
  });

  test('a random walk over transports and faults loses and repeats nothing', async () => {
    const { verdict, changes } = await walk(place, server, 'short', EVENTS, generator(20_260_131));

    expect(changes).toBeGreaterThan(1);
    expect(verdict.events).toBeGreaterThanOrEqual(EVENTS);
    expect(clean(verdict), JSON.stringify(verdict)).toBe(true);
  });

  test('what a page throws is found out', async () => {
    const browser = await Chromium.start();
    const tab = await browser.open('data:text/html,<script>setTimeout(() => { throw new Error("mine") })</script>');
    await tab.call(() => new Promise((resolve) => setTimeout(resolve)));
    await browser.stop();

    expect(browser.mistakes.join()).toContain('mine');
  });
});

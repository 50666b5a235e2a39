/** useConnection and <ConnectionStatus>, through a network that comes and goes. */
import { useState } from 'react';
import type { ReactElement } from 'react';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { commands } from 'vitest/browser';

import { ConnectionStatus, HeadwayProvider, useChannel } from '../../src/index.js';
import type { OwnClient } from '../../src/index.js';
import type { Addresses } from '../support/commands.js';
import { button, find, publish, says, show, unmountAll, until } from '../support/page.js';
import type { Shown } from '../support/page.js';

let at: Addresses;
let names = 0;
let channel: string;

beforeAll(async () => {
  at = await commands.open();
});
beforeEach(async () => {
  channel = `connection-${(names += 1)}`;
  await commands.heal(at.place);
});
afterEach(unmountAll);
afterAll(() => commands.close(at.place));

function Count({ name }: { name: string }): ReactElement {
  const { events } = useChannel(name, { keep: 1_000 });
  return <output>{events.length}</output>;
}

function page(options: Omit<OwnClient, 'children'>): Shown {
  return show(
    <HeadwayProvider reconnectDelay={50} maxReconnectDelay={200} {...options}>
      <ConnectionStatus />
      <Count name={channel} />
      <Count name={`${channel}-beside`} />
    </HeadwayProvider>,
  );
}

const look = (shown: Shown): string | undefined => shown.container.querySelector<HTMLElement>('.headway-connection')?.dataset['status'];
const counted = (shown: Shown): string => [...shown.container.querySelectorAll('output')].map((one) => one.innerText).join();

test('it says connecting, then live and over which transport', async () => {
  const looks: (string | undefined)[] = [];
  const observer = new MutationObserver(() => looks.at(-1) === look(shown) || looks.push(look(shown)));
  const shown = page({ url: at.proxied, transports: ['websocket'] });
  observer.observe(shown.container, { attributes: true, childList: true, subtree: true });
  await says(shown, /Live\s+WebSocket/);
  observer.disconnect();

  expect(looks).toEqual(['connecting', 'live']);
  expect(shown.container.querySelector('button')).toBeNull();
});

test('after an interruption it says how many updates were recovered, of all channels together', async () => {
  const shown = page({ url: at.proxied });
  await until('it is live', () => look(shown) === 'live');
  await commands.cut(at.place);
  await until('it is noticed', () => look(shown) === 'connecting');
  await publish(at.direct, channel, ...Array.from({ length: 30 }, () => ({ type: 'note' })));
  await publish(at.direct, `${channel}-beside`, ...Array.from({ length: 7 }, () => ({ type: 'note' })));
  await commands.heal(at.place);
  await says(shown, 'recovered 37 updates');

  expect(look(shown)).toBe('live');
  expect(counted(shown)).toBe('30,7');
  button(shown, 'Dismiss').click();
  await until('it is gone', () => !shown.container.innerText.includes('recovered'));
});

test('an interruption in which nothing happened is told as that', async () => {
  const shown = page({ url: at.proxied });
  await until('it is live', () => look(shown) === 'live');
  await commands.cut(at.place);
  await until('it is noticed', () => look(shown) !== 'live');
  await commands.heal(at.place);

  await says(shown, 'nothing was missed');
});

test('a client that has given up is disconnected, and the button brings it back', async () => {
  await commands.cut(at.place);
  const shown = page({ url: at.proxied, maxReconnectAttempts: 1 });
  await says(shown, 'Disconnected');
  await commands.heal(at.place);
  await publish(at.direct, channel, { type: 'note', key: 'k' });
  button(shown, 'Reconnect').click();
  await says(shown, 'Live');

  await until('the state is there', () => counted(shown) === '1,0');
  expect(shown.container.querySelector('.headway-button')).toBeNull();
});

test('where nothing is reached for a while it says disconnected, and goes on trying', async () => {
  const shown = page({ url: at.proxied });
  await until('it is live', () => look(shown) === 'live');
  await commands.cut(at.place);
  await says(shown, /Disconnected\s+trying again/);
  expect(button(shown, 'Reconnect')).toBeDefined();
  await commands.heal(at.place);

  await says(shown, 'Live');
});

test('a server that has forgotten everything is told as a gap, which stays until it is dismissed', async () => {
  const shown = page({ url: at.direct });
  await until('it is live', () => look(shown) === 'live');
  await publish(at.direct, channel, { type: 'note' });
  await until('it is there', () => counted(shown) === '1,0');
  await commands.kill(at.place);
  await commands.restart(at.place, true);
  await says(shown, 'may be missing: the server began anew');

  expect(find(shown, '[role=alert]').innerText).toContain('channel');
  expect(shown.container.innerText).not.toContain('recovered');
  button(shown, 'Dismiss').click();
  await until('it is gone', () => !shown.container.innerText.includes('missing'));
  await commands.kill(at.place);
  await commands.restart(at.place);
});

test('a channel more is no interruption: the lamp does not flicker and nothing is told', async () => {
  const Page = ({ more }: { more: number }): ReactElement => (
    <HeadwayProvider url={at.proxied}>
      <ConnectionStatus />
      {Array.from({ length: more }, (_, index) => (
        <Count key={index} name={`${channel}-${index}`} />
      ))}
    </HeadwayProvider>
  );
  const shown = show(<Page more={1} />);
  await until('it is live', () => look(shown) === 'live');
  const looks = new Set<string | undefined>();
  const observer = new MutationObserver(() => looks.add(look(shown)));
  observer.observe(shown.container, { attributes: true, subtree: true });
  for (let more = 2; more <= 6; more += 1) {
    shown.show(<Page more={more} />);
    await until('it is there', () => shown.container.querySelectorAll('output').length === more);
    const name = `${channel}-${more - 1}`;
    await until('it hears', async () => {
      await publish(at.direct, name, { type: 'note' });
      return [...shown.container.querySelectorAll('output')].at(-1)?.innerText !== '0';
    });
  }
  observer.disconnect();

  expect([...looks].filter((one) => one !== 'live')).toEqual([]);
  expect(shown.container.querySelector('.headway-notice')).toBeNull();
});

test('it may come and go on a page that stays', async () => {
  const Page = (): ReactElement => {
    const [on, set] = useState(true);
    return (
      <HeadwayProvider url={at.proxied} reconnectDelay={50}>
        {on && <ConnectionStatus notices={false} />}
        <button type="button" onClick={() => set(!on)}>
          toggle
        </button>
        <Count name={channel} />
      </HeadwayProvider>
    );
  };
  const shown = show(<Page />);
  await says(shown, 'Live');
  button(shown, 'toggle').click();
  await until('it is gone', () => !shown.container.innerText.includes('Live'));
  button(shown, 'toggle').click();

  await says(shown, 'Live');
});

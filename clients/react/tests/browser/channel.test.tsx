/** useChannel, against a real server. */
import { connect } from 'headway-client';
import type { Client } from 'headway-client';
import { Activity, StrictMode, useEffect } from 'react';
import type { ReactElement } from 'react';
import { hydrateRoot } from 'react-dom/client';
import { renderToString } from 'react-dom/server';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { commands } from 'vitest/browser';

import { HeadwayProvider, useChannel, useHeadway } from '../../src/index.js';
import type { ChannelView, UseChannelOptions } from '../../src/index.js';
import { boardOf } from '../../src/board.js';
import type { Addresses } from '../support/commands.js';
import { progress, publish, show, unmountAll, until } from '../support/page.js';

let at: Addresses;
let names = 0;

beforeAll(async () => {
  at = await commands.open();
});
afterEach(unmountAll);
afterAll(() => commands.close(at.place));

/** A channel that no other test uses. */
function fresh(): string {
  return `channel-${(names += 1)}`;
}

interface Probe {
  view: ChannelView;
  client: Client | undefined;
  renders: number;
}

/** A component that shows nothing and tells what it was given. */
function probe(): [Probe, (props: { name: string | undefined; options?: UseChannelOptions }) => ReactElement | null] {
  const seen: Probe = { view: undefined as never, client: undefined, renders: 0 };
  const Component = ({ name, options }: { name: string | undefined; options?: UseChannelOptions }): null => {
    const view = useChannel(name, options);
    const client = useHeadway();
    seen.renders += 1;
    useEffect(() => {
      seen.view = view;
      seen.client = client;
    });
    return null;
  };
  return [seen, Component];
}

async function figures(): Promise<{ subscriptions: number; connections: number }> {
  const all = (await (await fetch(`${at.direct}/api/metrics`)).json()) as Record<string, number>;
  return { subscriptions: all['subscriptions'] ?? NaN, connections: all['active_connections'] ?? NaN };
}

/** The server has forgotten whoever was there before. */
function nobody(): Promise<void> {
  return until('nobody is connected', async () => {
    const now = await figures();
    return now.subscriptions === 0 && now.connections === 0;
  });
}

test('a late joiner is given the state, and then what happens', async () => {
  const name = fresh();
  await publish(at.direct, name, progress('t', { done: 1 }), progress('t', { done: 2 }), { type: 'note', data: { n: 1 } });
  const [seen, Probe] = probe();
  show(
    <HeadwayProvider url={at.direct}>
      <Probe name={name} />
    </HeadwayProvider>,
  );
  await until('the state is there', () => seen.view?.state.get('task')?.['done'] === 2);
  expect(seen.view.events.map((event) => event['done'])).toEqual([2]);

  await publish(at.direct, name, { type: 'note', data: { n: 2 } }, progress('t', { done: 3 }));
  await until('what happened is there', () => seen.view.state.get('task')?.['done'] === 3);

  expect(seen.view.events.map((event) => event.type)).toEqual(['task_progress', 'note', 'task_progress']);
  expect(seen.view.status).toBe('live');
  expect(seen.view.position).toBe(seen.view.events.at(-1)?.position);
});

test('a thousand events are far fewer renders, none is lost, and the newest few are kept', async () => {
  const name = fresh();
  const [seen, Probe] = probe();
  show(
    <HeadwayProvider url={at.direct}>
      <Probe name={name} options={{ keep: 2_000 }} />
      <Probe name={name} options={{ keep: 10 }} />
    </HeadwayProvider>,
    { strict: false },
  );
  await until('it is live', () => seen.view?.status === 'live');
  const before = seen.renders;
  let frames = 0;
  let counting = true;
  const frame = (): void => {
    frames += 1;
    if (counting) {
      requestAnimationFrame(frame);
    }
  };
  requestAnimationFrame(frame);
  const [large, Large] = probe();
  show(
    <HeadwayProvider client={seen.client!}>
      <Large name={name} options={{ keep: 2_000 }} />
    </HeadwayProvider>,
    { strict: false },
  );
  for (let batch = 0; batch < 50; batch += 1) {
    await publish(at.direct, name, ...Array.from({ length: 20 }, (_, index) => ({ type: 'step', data: { n: batch * 20 + index } })));
  }
  await until('all have come', () => large.view?.events.length === 1_000 && seen.view.events.at(-1)?.['n'] === 999);
  counting = false;

  expect(large.view.events.map((event) => event['n'])).toEqual(Array.from({ length: 1_000 }, (_, n) => n));
  expect(seen.view.events.map((event) => event['n'])).toEqual(Array.from({ length: 10 }, (_, n) => 990 + n));
  // Two components share the first probe's count.
  expect((seen.renders - before) / 2).toBeLessThanOrEqual(frames + 5);
  expect((seen.renders - before) / 2).toBeLessThan(250);
  expect(large.renders).toBeLessThan(250);
});

test('components that follow the same channel begin where the one that wants most says', async () => {
  const name = fresh();
  await publish(at.direct, name, ...[1, 2, 3].map((n) => ({ type: 'note', data: { n } })));
  const [state, State] = probe();
  const [whole, Whole] = probe();
  const [later, Later] = probe();
  const page = show(
    <HeadwayProvider url={at.direct}>
      <State name={name} />
      <Whole name={name} options={{ since: '' }} />
    </HeadwayProvider>,
  );
  await until('all of it is there', () => whole.view?.events.length === 3);
  expect(state.view.events.length).toBe(3);

  await publish(at.direct, name, { type: 'note', data: { n: 4 } });
  await until('the fourth is there', () => state.view.events.length === 4);
  page.show(
    <HeadwayProvider url={at.direct}>
      <State name={name} />
      <Whole name={undefined} />
      <Later name={name} options={{ last: 2 }} />
    </HeadwayProvider>,
  );
  await publish(at.direct, name, { type: 'note', data: { n: 5 } });
  await until('the fifth is there', () => later.view?.events.at(-1)?.['n'] === 5);

  expect(state.view.events.map((event) => event['n'])).toEqual([1, 2, 3, 4, 5]);
  expect(whole.view.events).toEqual([]);
});

test('who wants more than what is read makes it be read anew, and what is shown meanwhile does not vanish', async () => {
  const name = fresh();
  await publish(at.direct, name, { type: 'note', data: { n: 1 } }, progress('t'));
  const [state, State] = probe();
  const lengths: number[] = [];
  const Watch = (): null => {
    const { state } = useChannel(name);
    lengths.push(state.size);
    return null;
  };
  const [whole, Whole] = probe();
  const page = (more: boolean): ReactElement => (
    <HeadwayProvider url={at.direct}>
      <State name={name} />
      <Watch />
      {more && <Whole name={name} options={{ since: '' }} />}
    </HeadwayProvider>
  );
  const shown = show(page(false));
  await until('the state is there', () => state.view?.state.size === 1);
  lengths.length = 0;

  shown.show(page(true));
  await until('the whole log is there', () => whole.view?.events.length === 2);

  expect(new Set(lengths)).toEqual(new Set([1]));
  expect(state.view.gaps).toEqual([]);
});

test('`last` begins with the newest, and does not call it a gap that there was more', async () => {
  const name = fresh();
  await publish(at.direct, name, ...Array.from({ length: 30 }, (_, n) => ({ type: 'note', data: { n } })));
  const [seen, Probe] = probe();
  show(
    <HeadwayProvider url={at.direct}>
      <Probe name={name} options={{ last: 5 }} />
    </HeadwayProvider>,
  );
  await until('they are there', () => seen.view?.events.length === 5);

  expect(seen.view.events.map((event) => event['n'])).toEqual([25, 26, 27, 28, 29]);
  expect(seen.view.gaps).toEqual([]);
});

test('the state is whole beside a view that begins with the newest', async () => {
  const name = fresh();
  await publish(at.direct, name, { type: 'load', key: 'quiet', data: { n: -1 } });
  await publish(at.direct, name, ...Array.from({ length: 30 }, (_, n) => ({ type: 'load', key: 'busy', data: { n } })));
  const [latest, Latest] = probe();
  const [state, State] = probe();
  show(
    <HeadwayProvider url={at.direct}>
      <Latest name={name} options={{ last: 5 }} />
      <State name={name} />
    </HeadwayProvider>,
  );
  await until('they are there', () => latest.view?.events.length === 5);

  const values = (): unknown[] => ['quiet', 'busy'].map((key) => state.view.state.get(key)?.['n']);
  await until('the state is there', () => state.view?.state.size === 2);
  expect(values()).toEqual([-1, 29]);
  await publish(at.direct, name, { type: 'load', key: 'quiet', data: { n: 30 } });
  await until('the quiet one spoke', () => values()[0] === 30);
});

test('only what was chosen is kept', async () => {
  const name = fresh();
  const [types, Types] = probe();
  const [milestones, Milestones] = probe();
  show(
    <HeadwayProvider url={at.direct}>
      <Types name={name} options={{ types: ['a'], since: '' }} />
      <Milestones name={name} options={{ milestones: true }} />
    </HeadwayProvider>,
  );
  await publish(at.direct, name, { type: 'a' }, { type: 'b' }, { type: 'a', key: 'k' }, { type: 'c' });
  await until('all have come', () => milestones.view?.events.length === 3 && types.view?.events.length === 2);

  expect(types.view.events.map((event) => event.type)).toEqual(['a', 'a']);
  expect(milestones.view.events.map((event) => event.type)).toEqual(['a', 'b', 'c']);
});

test('after fifty times mounted and unmounted nothing is followed and nobody is connected', async () => {
  await nobody();
  const names = [fresh(), fresh(), fresh()];
  const [seen, Probe] = probe();
  for (let time = 0; time < 50; time += 1) {
    const page = show(
      <HeadwayProvider url={at.direct}>
        {names.map((name) => (
          <Probe key={name} name={name} />
        ))}
      </HeadwayProvider>,
    );
    if (time % 10 === 0) {
      await until('all are followed', async () => (await figures()).subscriptions === 3);
      await until('they are live', () => seen.view?.status === 'live');
    }
    page.unmount();
    seen.view = undefined as never;
  }

  await nobody();
});

test('a client of somebody else is left as it was, and follows nothing when nobody asks any more', async () => {
  await nobody();
  const client = connect(at.direct, { transports: ['websocket'] });
  const name = fresh();
  const [seen, Probe] = probe();
  for (let time = 0; time < 50; time += 1) {
    const page = show(
      <HeadwayProvider client={client}>
        <Probe name={name} />
      </HeadwayProvider>,
    );
    await until('it is live', () => seen.view?.status === 'live');
    page.unmount();
    seen.view = undefined as never;
  }

  expect(boardOf(client).channels).toEqual([]);
  await until('the server has let go', async () => (await figures()).subscriptions === 0);
  expect(client.status).toBe('live');
  client.close();
});

test('another address is another client, and the old one is let go', async () => {
  await nobody();
  const name = fresh();
  const [seen, Probe] = probe();
  const page = (url: string): ReactElement => (
    <HeadwayProvider url={url}>
      <Probe name={name} />
    </HeadwayProvider>
  );
  const shown = show(page(at.direct));
  await until('it is live', () => seen.view?.status === 'live');
  const first = seen.client;
  shown.show(page(at.fronted));
  await until('the other one is live', () => seen.client !== first && seen.view.status === 'live');

  await publish(at.direct, name, { type: 'note' });
  await until('it hears', () => seen.view.events.length === 1);
  await until('one is connected', async () => (await figures()).subscriptions === 1);
});

test('a channel that somebody reads from elsewhere, on the same client, is an error that is told', async () => {
  const client = connect(at.direct);
  const name = fresh();
  client.channel(name);
  const [seen, Probe] = probe();
  show(
    <HeadwayProvider client={client}>
      <Probe name={name} options={{ since: '' }} />
    </HeadwayProvider>,
  );
  await until('it is told', () => seen.view?.error !== undefined);

  expect([seen.view.error?.code, seen.view.status]).toEqual(['usage', 'offline']);
  client.close();
});

test('a server that is killed and started again is caught up with, without a gap', async () => {
  const name = fresh();
  const [seen, Probe] = probe();
  show(
    <HeadwayProvider url={at.proxied} reconnectDelay={50} maxReconnectDelay={200}>
      <Probe name={name} options={{ since: '' }} />
    </HeadwayProvider>,
  );
  await publish(at.direct, name, { type: 'note', data: { n: 1 } });
  await until('the first is there', () => seen.view?.events.length === 1);

  await commands.kill(at.place);
  await until('it is noticed', () => seen.view.status === 'connecting');
  await commands.cut(at.place);
  await commands.restart(at.place);
  await publish(at.direct, name, { type: 'note', data: { n: 2 } }, { type: 'note', data: { n: 3 } });
  await commands.heal(at.place);
  await until('the others are there', () => seen.view.events.length === 3 && seen.view.status === 'live');

  expect(seen.view.events.map((event) => event['n'])).toEqual([1, 2, 3]);
  expect(seen.view.gaps).toEqual([]);
  expect(seen.view.recoveries.map((recovery) => recovery.updates)).toEqual([2]);
});

test('a part of a page that is hidden is not followed; shown again, it has the state', async () => {
  await nobody();
  const name = fresh();
  const [seen, Probe] = probe();
  const page = (mode: 'visible' | 'hidden'): ReactElement => (
    <Activity mode={mode}>
      <HeadwayProvider url={at.direct}>
        <Probe name={name} />
      </HeadwayProvider>
    </Activity>
  );
  const shown = show(page('visible'));
  await until('it is live', () => seen.view?.status === 'live');
  shown.show(page('hidden'));
  await nobody();
  await publish(at.direct, name, progress('t', { done: 9 }));
  shown.show(page('visible'));

  await until('the state is there', () => seen.view.state.get('task')?.['done'] === 9);
});

test('what a server has rendered is taken over as it is', async () => {
  const name = fresh();
  await publish(at.direct, name, progress('t'));
  const Size = (): ReactElement => {
    const { state } = useChannel(name);
    return <output>{state.size}</output>;
  };
  const page = (
    <StrictMode>
      <HeadwayProvider url={at.direct}>
        <Size />
      </HeadwayProvider>
    </StrictMode>
  );
  const container = document.createElement('main');
  container.innerHTML = renderToString(page);
  document.body.append(container);
  expect(container.textContent).toBe('0');
  const errors: unknown[] = [];

  const root = hydrateRoot(container, page, { onRecoverableError: (error) => errors.push(error) });
  await until('it is live', () => container.textContent === '1');

  expect(errors).toEqual([]);
  root.unmount();
  container.remove();
});

test('a channel that cannot be followed says why, and the others go on', async () => {
  const [bad, Bad] = probe();
  const [good, Good] = probe();
  const name = fresh();
  show(
    <HeadwayProvider url={at.direct}>
      <Bad name="no such name" />
      <Good name={name} />
    </HeadwayProvider>,
  );
  await until('it is told', () => bad.view?.error !== undefined);
  await publish(at.direct, name, { type: 'note', key: 'k' });
  await until('the other one hears', () => good.view?.state.size === 1);

  expect([bad.view.error?.code, bad.view.status]).toEqual(['bad_channel', 'offline']);
});

test('nothing works outside of a provider, and it says so', async () => {
  const Lost = (): null => {
    useHeadway();
    return null;
  };
  const errors: unknown[] = [];
  show(<Lost />, { onError: (error) => errors.push(error) });
  await until('it is told', () => errors.length > 0);

  expect(String(errors[0])).toContain('<HeadwayProvider>');
});

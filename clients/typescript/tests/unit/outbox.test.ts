import { expect, test } from 'vitest';

import { Backoff } from '../../src/backoff.js';
import { Ended, HeadwayError, refused } from '../../src/endings.js';
import type { Published } from '../../src/messages.js';
import { Outbox } from '../../src/outbox.js';
import type { Publication } from '../../src/transports/interface.js';
import { FakeRuntime, settle } from '../support/runtime.js';

const publication = (key: string): Publication => ({ channel: 'c', events: [{ type: 'step' }], key });
const published: Published = { type: 'published', channel: 'c', offset: 1, position: 'e.1', count: 1 };

/** An outbox whose way to the server is in the hands of the test. */
function begin(most = 3) {
  const runtime = new FakeRuntime();
  const sent: { publication: Publication; resolve: () => void; reject: (error: unknown) => void }[] = [];
  const way = { open: true, renewable: false };
  const outbox = new Outbox(
    runtime,
    (each) =>
      way.open
        ? new Promise((resolve, reject) => sent.push({ publication: each, resolve: () => resolve(published), reject }))
        : undefined,
    () => way.renewable,
    new Backoff(runtime.random, 500, 20_000),
    most,
  );
  return { runtime, outbox, sent, way, keys: () => sent.map((each) => each.publication.key) };
}

test('one is sent at a time, in order', async () => {
  const { outbox, sent, keys } = begin();
  const done = [outbox.put(publication('a')), outbox.put(publication('b'))];
  expect(keys()).toEqual(['a']);
  sent[0]!.resolve();
  await done[0];
  await settle();
  expect(keys()).toEqual(['a', 'b']);
  sent[1]!.resolve();

  await expect(Promise.all(done)).resolves.toEqual([published, published]);
});

test('what could not be sent is sent again with the same key, before what came later', async () => {
  const { outbox, sent, keys, runtime } = begin();
  void outbox.put(publication('a'));
  void outbox.put(publication('b'));
  sent[0]!.reject(new Ended('reset'));
  await runtime.pass(500);

  expect(keys()).toEqual(['a', 'a']);
});

test('without a way it waits until there is one', async () => {
  const { outbox, sent, way } = begin();
  way.open = false;
  void outbox.put(publication('a'));
  await settle();
  expect(sent).toEqual([]);

  way.open = true;
  outbox.go();

  expect(sent).toHaveLength(1);
});

test('an answer that never comes is not waited for without end', async () => {
  const { outbox, runtime, keys } = begin();
  void outbox.put(publication('a'));
  await runtime.pass(16_000);

  expect(keys()).toEqual(['a', 'a']);
});

test('what the server does not want is rejected, and the next one goes', async () => {
  const { outbox, sent, keys } = begin();
  const done = outbox.put(publication('a'));
  void outbox.put(publication('b'));
  sent[0]!.reject(new HeadwayError('reserved_field', 'choose another name'));

  await expect(done).rejects.toMatchObject({ code: 'reserved_field' });
  await settle();
  expect(keys()).toEqual(['a', 'b']);
});

test('what the server cannot take now is sent again', async () => {
  const { outbox, sent, runtime, keys } = begin();
  void outbox.put(publication('a'));
  sent[0]!.reject(new HeadwayError('storage_unavailable', 'later'));
  await runtime.pass(500);

  expect(keys()).toEqual(['a', 'a']);
});

test('a token that is not taken is replaced, if it can be', async () => {
  const { outbox, sent, runtime, keys, way } = begin();
  const done = outbox.put(publication('a'));
  way.renewable = true;
  sent[0]!.reject(refused({ code: 'unauthorized', message: 'expired' }));
  await runtime.pass(500);
  expect(keys()).toEqual(['a', 'a']);
  way.renewable = false;
  sent[1]!.reject(refused({ code: 'unauthorized', message: 'expired' }));

  await expect(done).rejects.toMatchObject({ code: 'unauthorized' });
});

test('a full queue says so', async () => {
  const { outbox } = begin(2);
  void outbox.put(publication('a'));
  void outbox.put(publication('b'));

  await expect(outbox.put(publication('c'))).rejects.toMatchObject({ code: 'queue_full' });
});

test('closing rejects what waits', async () => {
  const { outbox } = begin();
  const done = outbox.put(publication('a'));
  outbox.close(new HeadwayError('closed', 'the client was closed'));

  await expect(done).rejects.toMatchObject({ code: 'closed' });
  expect(outbox.size).toBe(0);
});

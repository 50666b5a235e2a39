/** What the types promise. Only checked by `npm run check`; never run. */
import { connect } from '../src/index.js';
import type { Event, Gap, Published, Status } from '../src/index.js';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function is<A, B>(..._same: Equal<A, B> extends true ? [] : ['the types differ']): void {
  // Nothing to do at run time.
}

const client = connect('http://127.0.0.1:4000', { getToken: () => 'token', transports: ['websocket', 'polling'] });
const run = client.channel<{ progress: { percent: number }; done: { files: string[] } }>('run:7', { since: '' });

run.on('progress', (event) => {
  is<typeof event.percent, number>();
  is<typeof event.offset, number>();
  is<typeof event.type, 'progress'>();
});
run.on('gap', (gap) => is<typeof gap, Gap>());
run.on('*', (told) => is<typeof told, Event | Gap>());
// @ts-expect-error: no event of this type was declared
run.on('progres', () => undefined);
// @ts-expect-error: `files` belongs to another event
run.on('progress', (event) => event.files.length satisfies number);

client.channel('anything').on('whatever', (event) => is<(typeof event)['position'], string>());
client.on('status', (status) => is<typeof status, Status>());
// @ts-expect-error: there is no such transport
connect('http://127.0.0.1:4000', { transports: ['carrier-pigeon'] });
is<ReturnType<typeof client.publish>, Promise<Published>>();

export async function loop(): Promise<void> {
  for await (const told of run) {
    is<typeof told, Event | Gap>();
  }
}

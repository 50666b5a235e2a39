// A Node process in which clients run; `place.ts` sends it what to call. The client is the built one, as it is published.
import { io } from 'socket.io-client';
import { WebSocket } from 'ws';

globalThis.Headway = await import(process.argv[2]);
globalThis.io = io;
globalThis.WebSocket = WebSocket;

process.on('message', async ({ id, expression }) => {
  try {
    process.send({ id, value: await (0, eval)(expression) });
  } catch (error) {
    process.send({ id, error: String(error?.stack ?? error) });
  }
});
process.on('disconnect', () => process.exit(0));
process.send('ready');

// Runs one client under Node:  node node.mjs CLIENT '{"origin": "http://127.0.0.1:4000", …options}'
//
// It prints one JSON object a line for everything the client reports, and takes one a line: {"do": "subscribe", "with": {…}}.
// It ends with its input.

import { createInterface } from "node:readline";
import { EventSource } from "eventsource";
import { io } from "socket.io-client";
import WebSocket from "ws";

const [client, spelled] = process.argv.slice(2);
const { origin, ...options } = JSON.parse(spelled);

const world = {
  origin,
  io: (settings) => io(origin, settings),
  WebSocket,
  EventSource,
  fetch,
  report: (kind, fields = {}) => process.stdout.write(`${JSON.stringify({ kind, ...fields })}\n`),
};

const { begin } = await import(`./${client}.mjs`);
const commands = begin(world, options);
world.report("begun");

for await (const line of createInterface({ input: process.stdin })) {
  const order = JSON.parse(line);
  commands[order.do](order.with ?? {});
}
process.exit(0);

// Node `ws` as its documentation shows a broadcast: one client.send(text) per subscriber. In memory, no log.
// Usage: node ws_server.js PORT
'use strict';
const http = require('node:http');
const { WebSocketServer } = require('ws');

const server = http.createServer((request, response) => {
  const parts = [];
  request.on('data', (part) => parts.push(part));
  request.on('end', () => {
    publish(Buffer.concat(parts).toString());
    response.writeHead(204).end();
  });
});
const subscribers = new WebSocketServer({ server, perMessageDeflate: false });

function publish(event) {
  for (const client of subscribers.clients) client.send(event);
}

server.listen({ host: '127.0.0.1', port: Number(process.argv[2]), backlog: 4096 });

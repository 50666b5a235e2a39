// Node `socket.io` as its documentation shows it: a room, and io.to(room).emit(). In memory, no log, recovery off.
// Usage: node socketio_server.js PORT
'use strict';
const http = require('node:http');
const { Server } = require('socket.io');

const server = http.createServer((request, response) => {
  const parts = [];
  request.on('data', (part) => parts.push(part));
  request.on('end', () => {
    const event = JSON.parse(Buffer.concat(parts).toString());
    io.to('bench').emit(event.type, event.data);
    response.writeHead(204).end();
  });
});
const io = new Server(server);
io.on('connection', (socket) => {
  socket.on('subscribe', ({ channel }) => socket.join(channel));
});

server.listen({ host: '127.0.0.1', port: Number(process.argv[2]), backlog: 4096 });

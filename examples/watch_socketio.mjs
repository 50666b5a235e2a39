/**
 * A channel with the stock Socket.IO client, as it comes: npm install socket.io-client, then node watch_socketio.mjs
 *
 * Through a disconnect, and a restart of the server, it loses and repeats nothing: connection state recovery goes on
 * after the last event it had.
 */
import { io } from "socket.io-client";

const socket = io(process.env.HEADWAY_URL ?? "http://127.0.0.1:4000");

socket.on("connect", () => {
  console.log(socket.recovered ? "back again" : "connected");
  if (!socket.recovered) socket.emit("subscribe", "nightly");
});
socket.on("gap", ({ lost }) => console.log("lost", lost ?? "an unknown number of", "events"));
socket.on("progress", ({ current, total, file }) => console.log(`${current} of ${total}`, file));
socket.on("completion", ({ files }) => console.log("done:", files, "files"));

// Stock clients from npm, each through its own network, as the pages of the world use them. They say on stdout, one JSON object a
// line, what they were told; `chaos/peers.py` notes it down. They end when stdin does.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const [, , packages, described] = process.argv;
const require = createRequire(packages + "/");
const { io } = require("socket.io-client");
const { EventSource } = require("eventsource");

const say = (reader, what, fields) => process.stdout.write(JSON.stringify({ reader, what, ...fields }) + "\n");

const TRANSPORTS = {
  "stock-socketio": undefined, // polling first, then the upgrade: its own default
  "stock-socketio-websocket": ["websocket"],
  "stock-socketio-polling": ["polling"],
};

function followBySocket({ name, kind, port, channels }) {
  const transports = TRANSPORTS[kind];
  const socket = io(`http://127.0.0.1:${port}`, {
    ...(transports ? { transports } : {}),
    forceNew: true,
    reconnectionDelay: 50, // more breaks in a run than the default second would allow
    reconnectionDelayMax: 400,
    timeout: 3000,
  });
  const following = new Set();
  const last = {};
  const note = (text) => say(name, "note", { text: `${new Date().toISOString()} ${text}` });
  socket.on("connect_error", (error) => note(`connect_error ${error.message}, comes back: ${socket.active}`));
  socket.on("connect", () => {
    note(`connect by ${socket.io.engine.transport.name}, recovered: ${socket.recovered}`);
    socket.io.engine.on("upgrade", (transport) => note(`upgrade to ${transport.name}`));
    if (!socket.recovered) {
      if (following.size) say(name, "unrecovered", {});
      following.clear();
    }
    for (const channel of channels) {
      if (!socket.recovered || following.has(channel)) subscribe(channel, !socket.recovered);
      // Nobody knows whether the request that was under way when the connection broke was heard.
      else socket.emit("unsubscribe", { channel }, () => subscribe(channel, true));
    }
  });
  const subscribe = (channel, anew) =>
    socket.emit("subscribe", { channel, since: anew ? last[channel] : undefined }, (answer) => {
      following.add(channel);
      last[channel] ??= answer.position;
      say(name, "began", { channel, answer });
    });
  socket.onAny((type, fields) => {
    if (fields?.channel === undefined) return say(name, "complaint", { text: `${type} ${JSON.stringify(fields)}` });
    last[fields.channel] = fields.position;
    say(name, "took", { fields });
  });
  socket.on("disconnect", (reason) => {
    note(`disconnect: ${reason}`);
    say(name, "reconnects", {});
    // The stock client does not come back by itself where the server put it out; an application that means to stay does.
    if (reason === "io server disconnect") socket.connect();
  });
}

function followByStream({ name, port, channels }) {
  const query = channels.map((channel) => `channel=${encodeURIComponent(channel)}`).join("&");
  const path = channels.length > 1 ? `/api/stream?${query}` : `/api/channels/${channels[0]}/stream?`;
  let last;
  const open = () => {
    const place = last === undefined ? "" : `&since=${encodeURIComponent(last)}`;
    const source = new EventSource(`http://127.0.0.1:${port}${path}${place}`);
    source.onmessage = (message) => {
      last = message.lastEventId || last;
      const fields = JSON.parse(message.data);
      if (fields.type === "subscribed") say(name, "began", { channel: fields.channel, answer: fields });
      else say(name, "took", { fields });
    };
    source.onerror = () => {
      if (source.readyState === EventSource.CLOSED) {
        // An answer that is not a stream ends it for good, as the standard has it: the page opens another.
        say(name, "reconnects", {});
        source.close();
        setTimeout(open, 100);
      } else {
        say(name, "reconnects", {});
      }
    };
  };
  open();
}

for (const reader of JSON.parse(described)) {
  (reader.kind.includes("eventsource") ? followByStream : followBySocket)(reader);
}
createInterface({ input: process.stdin }).on("close", () => process.exit(0));

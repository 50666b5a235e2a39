// socket.io-client as it comes from npm; `settings` are its own. Whatever arrives is reported with all its arguments but the last,
// which is the recovery token that the client keeps by itself.

export function begin(world, { settings }) {
  const { report } = world;
  const socket = world.io(settings);

  socket.io.on("open", () => {
    const { engine } = socket.io;
    report("open", { transport: engine.transport.name });
    engine.on("upgrade", (transport) => report("upgrade", { transport: transport.name }));
  });
  socket.on("connect", () => report("connect", { recovered: socket.recovered, id: socket.id }));
  socket.on("disconnect", (reason) => report("disconnect", { reason }));
  socket.on("connect_error", (error) => report("connect_error", { message: error.message }));
  let left = Infinity;
  socket.onAny((type, data, ...more) => {
    report("event", { type, data, more });
    left -= 1;
    if (left === 0) socket.io.engine.close();
  });

  return {
    emit({ name, fields }) {
      socket.emit(name, fields);
    },
    ask({ name, fields }) {
      socket.emit(name, fields, (answer) => report("answer", { answer }));
    },
    // At once, or in the middle of what arrives: after so many more events.
    closeEngineAfter({ events }) {
      left = events;
    },
    closeEngine() {
      socket.io.engine.close();
    },
    connect() {
      socket.connect();
    },
    disconnect() {
      socket.disconnect();
    },
  };
}

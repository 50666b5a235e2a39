// The monitoring dashboard: Socket.IO, WebSocket before polling, its own reconnection settings. Options: resubscribe, whether the
// page subscribes again at every connect or only when the run is opened.

const EVENTS = [
  "testRunStarted",
  "testStarted",
  "testCompleted",
  "testFailed",
  "testRunCompleted",
  "testRunCancelled",
  "progressUpdate",
  "applicationStatusUpdate",
  "healthMetricUpdate",
  "notification",
];

export function begin(world, { resubscribe = false }) {
  const { report } = world;
  const open = new Set();
  const socket = world.io({
    transports: ["websocket", "polling"],
    reconnection: true,
    reconnectionAttempts: 5,
    reconnectionDelay: 1000,
    reconnectionDelayMax: 5000,
    timeout: 20000,
  });

  socket.on("connect", () => {
    if (resubscribe) for (const testRunId of open) socket.emit("subscribe", { testRunId });
    report("connect", { recovered: socket.recovered, transport: socket.io.engine.transport.name });
  });
  socket.on("disconnect", (reason) => report("disconnect", { reason }));
  socket.on("connect_error", (error) => report("connect_error", { message: error.message }));
  for (const type of EVENTS) socket.on(type, (data) => report("event", { type, data }));

  return {
    subscribe({ testRunId }) {
      open.add(testRunId);
      socket.emit("subscribe", { testRunId });
    },
    unsubscribe({ testRunId }) {
      open.delete(testRunId);
      socket.emit("unsubscribe", { testRunId });
    },
    reconnect() {
      socket.connect();
    },
    loseConnection() {
      socket.io.engine.close();
    },
    leave() {
      socket.disconnect();
    },
  };
}

// The web import tool: Socket.IO, below it a raw WebSocket at "/", below that polling. Options: sessionId, register (how the raw
// WebSocket says it), pollInterval in ms, first (the rung to begin on).

export function begin(world, { sessionId, register = "bare", pollInterval = 1000, first = "socketio" }) {
  const { report } = world;
  let socket = null;
  let ws = null;
  let timer = null;

  const shown = (by, type, data) => report("progress", { by, type, data });

  function overSocketIo() {
    socket = world.io();
    socket.io.on("open", () => socket.io.engine.on("upgrade", () => report("upgrade")));
    socket.on("connect", () => {
      socket.emit("registerSession", sessionId);
      report("connect", { by: "socketio" });
    });
    for (const type of ["progress", "completion", "error"]) {
      socket.on(type, (data) => shown("socketio", type, data));
    }
    socket.on("connect_error", (error) => {
      report("connect_error", { message: error.message });
      overWebSocket();
    });
    socket.on("disconnect", (reason) => {
      report("disconnect", { by: "socketio", reason });
      overWebSocket();
    });
  }

  function overWebSocket() {
    if (ws !== null) return;
    ws = new world.WebSocket(world.origin.replace("http", "ws"));
    ws.onopen = () => {
      ws.send(JSON.stringify(register === "bare" ? { sessionId } : { type: "registerSession", sessionId }));
      report("connect", { by: "websocket" });
    };
    ws.onmessage = (message) => {
      const data = JSON.parse(message.data);
      shown("websocket", data.type, data);
    };
    ws.onerror = () => {
      report("failure", { by: "websocket" });
      overPolling();
    };
    ws.onclose = (closed) => report("disconnect", { by: "websocket", code: closed.code });
  }

  function overPolling() {
    if (timer !== null) return;
    timer = setInterval(poll, pollInterval);
    report("connect", { by: "polling" });
  }

  async function poll() {
    try {
      const answer = await world.fetch(`${world.origin}/api/import/progress/${sessionId}`);
      const data = await answer.json();
      shown("polling", data.type, data);
    } catch (error) {
      report("failure", { by: "polling", message: String(error) });
    }
  }

  function overEventSource() {
    const source = new world.EventSource(`${world.origin}/api/import/progress/${sessionId}`);
    source.onopen = () => report("connect", { by: "eventsource" });
    source.onmessage = (message) => {
      const data = JSON.parse(message.data);
      shown("eventsource", data.type, data);
    };
    source.onerror = () => report("failure", { by: "eventsource" });
  }

  const rungs = { socketio: overSocketIo, websocket: overWebSocket, polling: overPolling, eventsource: overEventSource };
  rungs[first]();

  return {
    cleanup() {
      socket?.disconnect();
      ws?.close();
      clearInterval(timer);
    },
  };
}

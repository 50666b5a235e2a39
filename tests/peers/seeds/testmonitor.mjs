// The browser-test monitor's hook: a raw WebSocket at /ws/{client_id}, a group, a new connection some time after each close.
// Options: clientId, token, group, reconnectInterval in ms, wrap (fields under `data`), batch.

export function begin(world, { clientId, token, group, reconnectInterval = 3000, wrap = false, batch }) {
  const { report } = world;
  const query = token === undefined ? "" : `?token=${encodeURIComponent(token)}`;
  const url = `${world.origin.replace("http", "ws")}/ws/${clientId}${query}`;
  let websocket = null;
  let timer = null;
  let connected = false;
  let ended = false;

  function connect() {
    if (ended) return;
    websocket = new world.WebSocket(url);
    websocket.onopen = () => {
      connected = true;
      report("connect");
      clearTimeout(timer);
      if (group !== undefined) say({ type: "subscribe", ...fields({ group, ...(batch === undefined ? {} : { batch }) }) });
    };
    websocket.onmessage = (event) => {
      const message = JSON.parse(event.data);
      report("message", { message });
      show(message);
    };
    websocket.onclose = (event) => {
      connected = false;
      report("disconnect", { code: event.code, reason: event.reason, clean: event.wasClean });
      timer = setTimeout(connect, reconnectInterval);
    };
    websocket.onerror = () => {
      connected = false;
    };
  }

  const fields = (given) => (wrap ? { data: given } : given);

  // What the page shows, from the fields it reads.
  function show(message) {
    switch (message.type) {
      case "test_started":
        report("status", { test: message.test_id, status: "running" });
        break;
      case "test_progress":
        report("bar", { test: message.test_id, percent: message.progress_percentage });
        break;
      case "test_completed":
        report("status", { test: message.test_id, status: message.result });
        break;
      case "screenshot_captured":
        report("image", { test: message.test_id, url: message.screenshot_url });
        break;
    }
  }

  function say(message) {
    if (connected) websocket.send(JSON.stringify(message));
  }

  connect();
  return {
    say({ message }) {
      say(message);
    },
    sayText({ text }) {
      websocket.send(text);
    },
    join({ group: another }) {
      say({ type: "subscribe", ...fields({ group: another }) });
    },
    leave() {
      ended = true;
      clearTimeout(timer);
      websocket.close();
    },
  };
}

// The guide's connection: a manager with back-off, heartbeat and a queue for when it is offline; the same behind a token; polling
// once it has given up. Options: token, channel, pollingPath, and the manager's own; `jitter` in ms is the guide's 1000 unless said.

class Manager {
  constructor(world, options) {
    this.world = world;
    this.url = `${world.origin.replace("http", "ws")}/ws?snapshot=events`;
    this.ws = null;
    this.handlers = new Map();
    this.attempts = 0;
    this.maxAttempts = options.maxReconnectAttempts ?? 5;
    this.delay = options.reconnectDelay ?? 1000;
    this.maxDelay = options.maxReconnectDelay ?? 30000;
    this.jitter = options.jitter ?? 1000;
    this.heartbeatTimeout = options.heartbeatTimeout ?? 30000;
    this.heartbeat = null;
    this.lastHeartbeat = null;
    this.queue = [];
    this.maxQueueSize = options.maxQueueSize ?? 100;
    this.onOpen = null;
    this.onClose = null;
  }

  connect() {
    this.ws = new this.world.WebSocket(this.url);
    this.ws.addEventListener("open", () => this.opened());
    this.ws.addEventListener("message", (event) => this.heard(JSON.parse(event.data)));
    this.ws.addEventListener("error", () => this.world.report("failure"));
    this.ws.addEventListener("close", (event) => this.closed(event));
  }

  opened() {
    this.attempts = 0;
    this.startHeartbeat();
    while (this.queue.length > 0 && this.connected()) this.ws.send(this.queue.shift());
    this.onOpen?.();
  }

  heard(message) {
    if (message.type === "pong") {
      this.lastHeartbeat = Date.now();
      this.world.report("pong");
      return;
    }
    const handler = this.handlers.get(message.type);
    if (handler) handler(message);
    else this.world.report("unhandled", { message });
  }

  closed(event) {
    clearInterval(this.heartbeat);
    this.onClose?.(event);
    if (this.attempts >= this.maxAttempts) {
      this.world.report("gave up");
      return;
    }
    this.attempts += 1;
    const delay = Math.min(this.delay * 2 ** (this.attempts - 1), this.maxDelay);
    this.world.report("waiting", { attempt: this.attempts, delay });
    setTimeout(() => this.connect(), delay + Math.random() * this.jitter);
  }

  startHeartbeat() {
    this.lastHeartbeat = Date.now();
    this.heartbeat = setInterval(() => {
      if (!this.connected()) return;
      if (Date.now() - this.lastHeartbeat > this.heartbeatTimeout) {
        this.world.report("heartbeat timeout");
        this.ws.close();
        return;
      }
      this.send({ type: "ping" });
    }, this.heartbeatTimeout / 2);
  }

  send(data) {
    const message = JSON.stringify(data);
    if (this.connected()) {
      this.ws.send(message);
      return true;
    }
    if (this.queue.length < this.maxQueueSize) this.queue.push(message);
    this.world.report("queued", { waiting: this.queue.length });
    return false;
  }

  connected() {
    return this.ws !== null && this.ws.readyState === 1;
  }

  disconnect() {
    this.attempts = this.maxAttempts;
    clearInterval(this.heartbeat);
    this.ws?.close(1000, "Client disconnect");
  }
}

class AuthenticatedManager extends Manager {
  constructor(world, options) {
    super(world, options);
    this.token = options.token;
    this.authenticated = false;
  }

  opened() {
    this.send({ type: "auth", token: this.token });
  }

  heard(message) {
    if (message.type === "auth_success") {
      this.authenticated = true;
      this.world.report("authenticated");
      super.opened();
    } else if (message.type === "auth_failed") {
      this.world.report("refused");
      this.disconnect();
    } else super.heard(message);
  }

  send(data) {
    if (data.type !== "auth" && !this.authenticated) return false;
    return super.send(data);
  }
}

// Calls back only when the answer differs from the last one.
class Polling {
  constructor(world, path, interval) {
    this.world = world;
    this.path = path;
    this.last = null;
    this.poll();
    this.timer = setInterval(() => this.poll(), interval);
  }

  async poll() {
    try {
      const answer = await this.world.fetch(`${this.world.origin}${this.path}`);
      const data = await answer.json();
      const changed = JSON.stringify(data) !== JSON.stringify(this.last);
      this.last = data;
      this.world.report("polled", { status: answer.status });
      if (changed) this.world.report("changed", { data });
    } catch (error) {
      this.world.report("poll failed", { message: String(error) });
    }
  }
}

export function begin(world, options) {
  const { report } = world;
  const poll = () => new Polling(world, options.pollingPath, options.pollInterval ?? 2000);
  if (options.pollingOnly) {
    poll();
    return {};
  }
  const manager = options.token === undefined ? new Manager(world, options) : new AuthenticatedManager(world, options);

  manager.handlers.set("processing_progress", (message) =>
    report("shown", { text: `${message.progress}% ${message.eta} ${message.current_file}`, message }),
  );
  manager.handlers.set("processing_complete", (message) => report("shown", { text: "complete", message }));
  manager.handlers.set("processing_error", (message) => report("shown", { text: `error: ${message.error}`, message }));
  manager.onOpen = () => {
    report("connect");
    if (options.channel !== undefined) manager.send({ type: "subscribe", channel: options.channel });
  };
  manager.onClose = (event) => {
    report("disconnect", { code: event.code });
    if (options.pollingPath !== undefined && manager.attempts >= manager.maxAttempts) poll();
  };
  manager.connect();

  return {
    send({ message }) {
      manager.send(message);
    },
    disconnect() {
      manager.disconnect();
    },
  };
}

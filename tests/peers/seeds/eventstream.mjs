// An EventSource, which reconnects and resumes by itself. Options: path.

export function begin(world, { path }) {
  const { report } = world;
  const source = new world.EventSource(`${world.origin}${path}`);
  source.onopen = () => report("connect");
  source.onmessage = (message) => report("message", { id: message.lastEventId, message: JSON.parse(message.data) });
  source.onerror = () => report("failure", { state: source.readyState });
  source.addEventListener("heartbeat", () => report("heartbeat"));

  return {
    close() {
      source.close();
    },
  };
}

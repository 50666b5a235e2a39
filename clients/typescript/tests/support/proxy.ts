/**
 * A proxy that does to a connection what networks do. It knows the four transports by their addresses, and a fault is
 * set for each of them by itself.
 *
 *     refuse            cut what is open, and let nothing of this kind through again: a firewall
 *     hang              take connections and never answer: a box that drops packets
 *     stall             hold back what the server says, also on open connections, until healed: a congested line
 *     mute              let a connection open, and hold back everything after that: a box that inspects, and never ends
 *     half-open         the server's end is gone, the client's end hears nothing of it: a NAT that forgot
 *     buffer            pass an answer on when it is complete: an antivirus. Unrealistic: real ones stop at some size
 *     reset-after-101   let a WebSocket open, then reset it
 *     opens-then-dies   let anything open and speak for a moment, then reset it
 *     refuse-upgrade    answer every upgrade with 400: an old proxy
 *     drop-answer       read the whole answer of the server, then reset the client's connection instead of passing it on
 *     slow              let each piece wait: a bad mobile network. Unrealistic: without loss
 *     duplicate         send each request twice and pass on the second answer: a proxy that tries again
 */
import http from 'node:http';
import net from 'node:net';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';

export type Kind = 'socketio' | 'websocket' | 'eventsource' | 'polling' | 'other';

export type Fault =
  | 'refuse'
  | 'hang'
  | 'stall'
  | 'mute'
  | 'half-open'
  | 'buffer'
  | 'reset-after-101'
  | 'opens-then-dies'
  | 'refuse-upgrade'
  | 'drop-answer'
  | 'slow'
  | 'duplicate';

const SLOW_MS = 25;
const MOMENT_MS = 300;

/** One connection through the proxy. */
interface Passage {
  readonly kind: Kind;
  readonly held: (() => void)[];
  /** Reset the client's end, and the server's. */
  cut(): void;
  /** End the server's end alone. */
  loseServer(): void;
  forsaken: boolean;
  /** What is held is written in a moment. */
  late: boolean;
}

/** What the proxy answers by itself, so that a page is of its origin. */
export interface Answer {
  readonly type: string;
  readonly body: string;
}

export class FaultProxy {
  /** By path. */
  readonly pages = new Map<string, Answer>();
  readonly #faults = new Map<Kind, Fault>();
  readonly #passages = new Set<Passage>();
  readonly #sockets = new Set<Duplex>();
  /** What lets go of a client's connection, which may carry other requests after this one. */
  readonly #ends = new Map<Passage, () => void>();
  readonly #server: http.Server;
  #target: number;

  private constructor(target: number) {
    this.#target = target;
    this.#server = http.createServer((request, response) => this.#pass(request, response));
    this.#server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
      socket.on('error', () => undefined);
    });
    this.#server.keepAliveTimeout = 0;
  }

  static async start(port: number): Promise<FaultProxy> {
    const proxy = new FaultProxy(port);
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Connections of a kind that are open now. */
  open(kind: Kind): number {
    return [...this.#passages].filter((passage) => passage.kind === kind).length;
  }

  /** Go to another server from now on. */
  retarget(port: number): void {
    this.#target = port;
  }

  /** Let a fault take effect on a kind of connections, now and from now on. */
  set(kind: Kind, fault: Fault): void {
    this.#faults.set(kind, fault);
    if (fault === 'refuse') {
      this.cut(kind);
    }
    if (fault === 'half-open') {
      this.#of(kind).forEach((passage) => {
        passage.forsaken = true;
        passage.loseServer();
      });
    }
  }

  /** Reset what is open of a kind; what comes next is let through. */
  cut(kind: Kind): void {
    this.#of(kind).forEach((passage) => passage.cut());
  }

  /** No fault any more; what was held back goes on. */
  heal(kind?: Kind): void {
    if (kind === undefined) {
      this.#faults.clear();
    } else {
      this.#faults.delete(kind);
    }
    this.#passages.forEach((passage) => this.#go(passage));
  }

  async stop(): Promise<void> {
    this.#passages.forEach((passage) => passage.cut());
    this.#sockets.forEach((socket) => socket.destroy());
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #of(kind: Kind): Passage[] {
    return [...this.#passages].filter((passage) => passage.kind === kind);
  }

  #pass(request: http.IncomingMessage, response: http.ServerResponse): void {
    const page = this.pages.get(request.url ?? '');
    if (page !== undefined) {
      response.writeHead(200, { 'content-type': page.type }).end(page.body);
      return;
    }
    const kind = kindOf(request);
    const fault = this.#faults.get(kind);
    const client = request.socket;
    if (fault === 'refuse' || fault === 'half-open') {
      client.destroy();
      return;
    }
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks);
      if (fault === 'hang') {
        this.#enter(kind, client, undefined);
        return;
      }
      if (fault === 'duplicate') {
        this.#ask(request, body, (answer) => {
          answer.resume();
          answer.on('end', () => this.#relay(kind, request, body, response));
        }).on('error', () => client.destroy());
        return;
      }
      this.#relay(kind, request, body, response);
    });
  }

  #ask(request: http.IncomingMessage, body: Buffer, answered: (answer: http.IncomingMessage) => void): http.ClientRequest {
    const { method, url: path, headers } = request;
    const upstream = http.request(
      { host: '127.0.0.1', port: this.#target, method, path, headers, agent: false },
      answered,
    );
    upstream.end(body);
    return upstream;
  }

  #relay(kind: Kind, request: http.IncomingMessage, body: Buffer, response: http.ServerResponse): void {
    const client = request.socket;
    const upstream = this.#ask(request, body, (answer) => {
      const fault = this.#faults.get(kind);
      const parts: Buffer[] = [];
      const whole = fault === 'buffer' || fault === 'drop-answer';
      if (!whole) {
        const open = (): void => void response.writeHead(answer.statusCode ?? 502, answer.headers).flushHeaders();
        this.#through(passage, open, true);
      }
      if (fault === 'opens-then-dies') {
        setTimeout(() => passage.cut(), MOMENT_MS);
      }
      answer.on('data', (chunk: Buffer) => {
        if (whole) {
          parts.push(chunk);
        } else {
          this.#through(passage, () => response.write(chunk));
        }
      });
      answer.on('end', () => {
        if (fault === 'drop-answer') {
          passage.cut();
          return;
        }
        this.#through(passage, () => {
          if (whole) {
            response.writeHead(answer.statusCode ?? 502, answer.headers);
          }
          response.end(Buffer.concat(parts));
          this.#leave(passage);
        });
      });
      answer.on('error', () => passage.forsaken || passage.cut());
    });
    const passage = this.#enter(kind, client, upstream);
    upstream.on('error', () => passage.forsaken || passage.cut());
    response.on('close', () => this.#leave(passage));
  }

  #upgrade(request: http.IncomingMessage, client: Duplex, head: Buffer): void {
    const kind = kindOf(request);
    const fault = this.#faults.get(kind);
    client.on('error', () => undefined);
    if (fault === 'refuse' || fault === 'half-open') {
      client.destroy();
      return;
    }
    if (fault === 'refuse-upgrade') {
      client.end('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
      return;
    }
    if (fault === 'hang') {
      this.#enter(kind, client, undefined);
      return;
    }
    const upstream = net.connect(this.#target, '127.0.0.1');
    const passage = this.#enter(kind, client, upstream);
    const names = request.rawHeaders;
    const lines = names.flatMap((name, index) => (index % 2 === 0 ? [`${name}: ${names[index + 1]}`] : []));
    upstream.write(`${request.method} ${request.url} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`);
    upstream.write(head);
    upstream.once('data', () => {
      if (this.#faults.get(kind) === 'reset-after-101') {
        setImmediate(() => passage.cut());
      } else if (this.#faults.get(kind) === 'opens-then-dies') {
        setTimeout(() => passage.cut(), MOMENT_MS);
      }
    });
    let opens = true;
    upstream.on('data', (chunk) => {
      this.#through(passage, () => client.write(chunk), opens);
      opens = false;
    });
    client.on('data', (chunk) => passage.forsaken || upstream.write(chunk));
    upstream.on('close', () => passage.forsaken || this.#through(passage, () => client.destroy()));
    upstream.on('error', () => undefined);
    // Sockets of an HTTP server stay half open by themselves.
    client.on('end', () => client.destroy());
    client.on('close', () => upstream.destroy());
  }

  /** Write towards the client: now, a little later, or when the line is healed. Always in order. */
  #through(passage: Passage, write: () => void, opens = false): void {
    if (opens && this.#faults.get(passage.kind) === 'mute') {
      write();
      return;
    }
    passage.held.push(write);
    this.#go(passage);
  }

  #go(passage: Passage): void {
    const fault = this.#faults.get(passage.kind);
    if (fault === 'stall' || fault === 'mute' || fault === 'half-open' || passage.forsaken || passage.late) {
      return;
    }
    if (fault === 'slow') {
      passage.late = true;
      setTimeout(() => {
        passage.late = false;
        passage.held.splice(0).forEach((write) => write());
      }, SLOW_MS);
      return;
    }
    passage.held.splice(0).forEach((write) => write());
  }

  #leave(passage: Passage): void {
    this.#passages.delete(passage);
    this.#ends.get(passage)?.();
    this.#ends.delete(passage);
  }

  #enter(kind: Kind, client: Duplex, upstream: { destroy(): unknown } | undefined): Passage {
    const passage: Passage = {
      kind,
      held: [],
      forsaken: false,
      late: false,
      cut: () => {
        passage.forsaken = true;
        this.#leave(passage);
        if (client instanceof net.Socket) {
          client.resetAndDestroy();
        } else {
          client.destroy();
        }
        upstream?.destroy();
      },
      loseServer: () => upstream?.destroy(),
    };
    this.#passages.add(passage);
    const left = (): void => {
      this.#leave(passage);
      passage.forsaken = true;
      upstream?.destroy();
    };
    client.on('close', left);
    this.#ends.set(passage, () => client.off('close', left));
    return passage;
  }
}

function kindOf(request: http.IncomingMessage): Kind {
  const path = (request.url ?? '').split('?')[0]!;
  if (path.startsWith('/socket.io/')) {
    return 'socketio';
  }
  if (path === '/ws') {
    return 'websocket';
  }
  if (path.endsWith('/stream')) {
    return 'eventsource';
  }
  return path.endsWith('/events') && request.method === 'GET' ? 'polling' : 'other';
}

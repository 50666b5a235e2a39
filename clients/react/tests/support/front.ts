/**
 * A server in front of Headway that answers for `/api/tasks/{id}/{action}` as a test says, and passes everything else
 * on: for what a page does with every answer there can be.
 */
import http from 'node:http';
import net from 'node:net';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';

/** What is answered, and what was asked. */
export interface Reply {
  readonly status: number;
  readonly body: unknown;
}

export interface Asked {
  readonly path: string;
  readonly method: string;
  readonly token: string | undefined;
}

export class Front {
  readonly asked: Asked[] = [];
  readonly replies: Reply[] = [];
  /** Answers that wait for a reply. */
  readonly #waiting: ((reply: Reply) => void)[] = [];
  readonly #sockets = new Set<Duplex>();
  readonly #server: http.Server;

  private constructor(readonly target: number) {
    this.#server = http.createServer((request, response) => void this.#serve(request, response));
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    this.#server.on('upgrade', (request, client: Duplex, head: Buffer) => {
      const upstream = net.connect(target, '127.0.0.1');
      const lines = request.rawHeaders.flatMap((name, at, all) => (at % 2 === 0 ? [`${name}: ${all[at + 1]}`] : []));
      upstream.write(`${request.method} ${request.url} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`);
      upstream.write(head);
      upstream.pipe(client).pipe(upstream);
      [upstream, client].forEach((end) => end.on('error', () => [upstream, client].forEach((one) => one.destroy())));
    });
  }

  static async start(target: number): Promise<Front> {
    const front = new Front(target);
    await new Promise<void>((resolve) => front.#server.listen(0, '127.0.0.1', resolve));
    return front;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Answer the next request, or the one that waits. */
  reply(reply: Reply): void {
    const waiting = this.#waiting.shift();
    if (waiting === undefined) {
      this.replies.push(reply);
    } else {
      waiting(reply);
    }
  }

  async stop(): Promise<void> {
    this.#sockets.forEach((socket) => socket.destroy());
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  async #serve(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const path = request.url ?? '';
    if (!path.startsWith('/api/tasks/')) {
      this.#pass(request, response);
      return;
    }
    response.setHeader('Access-Control-Allow-Origin', '*');
    response.setHeader('Access-Control-Allow-Headers', 'authorization, content-type, idempotency-key');
    if (request.method === 'OPTIONS') {
      response.writeHead(204).end();
      return;
    }
    this.asked.push({ path, method: request.method ?? '', token: request.headers.authorization });
    const reply = this.replies.shift() ?? (await new Promise<Reply>((resolve) => this.#waiting.push(resolve)));
    response.writeHead(reply.status, { 'Content-Type': 'application/json' }).end(JSON.stringify(reply.body));
  }

  #pass(request: http.IncomingMessage, response: http.ServerResponse): void {
    const { method, url: path, headers } = request;
    const upstream = http.request({ host: '127.0.0.1', port: this.target, method, path, headers, agent: false });
    upstream.on('response', (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      response.flushHeaders();
      answer.pipe(response);
    });
    upstream.on('error', () => response.destroy());
    response.on('close', () => upstream.destroy());
    request.pipe(upstream);
  }
}

/** A real server, `headway serve`, for as long as a test file runs. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const HEADWAY = fileURLToPath(new URL('../../../../.venv/bin/headway', import.meta.url));

export interface Server {
  readonly url: string;
  readonly port: number;
  /** SIGTERM: the server tells its clients to come back, then ends. */
  stop(): Promise<void>;
  /** SIGKILL: it does not. */
  kill(): Promise<void>;
}

/** Start one on a free port, or on the one it had before it was killed. The log is in memory unless a folder is named. */
export async function startServer(options: { port?: number; data?: string; env?: NodeJS.ProcessEnv } = {}): Promise<Server> {
  const { port = 0, data = '', env = {} } = options;
  const child = spawn(HEADWAY, ['serve', '--port', String(port), '--data', data], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  const orphaned = (): void => void child.kill('SIGKILL');
  process.once('exit', orphaned);
  const url = await listening(child);
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  void ended.then(() => process.off('exit', orphaned));
  const end = (signal: NodeJS.Signals): Promise<void> => {
    child.kill(signal);
    return ended;
  };
  return { url, port: Number(new URL(url).port), stop: () => end('SIGTERM'), kill: () => end('SIGKILL') };
}

function listening(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    child.stderr?.on('data', (data: Buffer) => (text += data.toString()));
    child.once('exit', (code) => reject(new Error(`headway serve ended with ${code}: ${text}`)));
    child.stdout?.on('data', (data: Buffer) => {
      text += data.toString();
      const found = /listening on (\S+)/.exec(text);
      if (found !== null) {
        resolve(found[1]!);
      }
    });
  });
}

/** Requests to the HTTP interface. Whatever is not the answer hoped for becomes an `Ended`. */
import { Ended, answered, failed } from './endings.js';
import type { Published } from './messages.js';
import type { Runtime } from './runtime.js';
import type { Publication } from './transports/interface.js';

/** Where to ask, and as whom. */
export interface Asker {
  readonly url: URL;
  readonly runtime: Runtime;
  token(): string | undefined;
}

/** For one answer that is not waited for on purpose; a commit takes milliseconds, on a disk under load seconds. */
export const ANSWER_MS = 15_000;

/** The address of a channel's events or stream. */
export function channelPath(channel: string, rest: string): string {
  return `api/channels/${encodeURIComponent(channel)}/${rest}`;
}

/** Ask, and return an answer whose status is good. Throws `Ended`. */
export async function ask(asker: Asker, path: string, init: RequestInit = {}): Promise<Response> {
  const token = asker.token();
  const headers = { ...(init.headers as object), ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }) };
  let response: Response;
  try {
    response = await asker.runtime.fetch(new URL(path, asker.url), { cache: 'no-store', ...init, headers });
  } catch (error) {
    throw failed(error);
  }
  if (!response.ok) {
    throw await answered(response);
  }
  return response;
}

/** Ask for JSON, within a time. Throws `Ended`. */
export async function askJson(
  asker: Asker,
  path: string,
  init: RequestInit = {},
  limit: number = ANSWER_MS,
): Promise<unknown> {
  const abort = new AbortController();
  const outer = init.signal;
  const stop = (): void => abort.abort(outer?.reason);
  outer?.addEventListener('abort', stop);
  const timer = asker.runtime.setTimeout(() => abort.abort(new Ended('no answer in time')), limit);
  try {
    const response = await ask(asker, path, { ...init, signal: abort.signal });
    return response.status === 204 ? undefined : await response.json();
  } catch (error) {
    throw failed(error);
  } finally {
    asker.runtime.clearTimeout(timer);
    outer?.removeEventListener('abort', stop);
  }
}

/** Publish over HTTP. Throws `Ended`. */
export async function post(asker: Asker, publication: Publication): Promise<Published> {
  const { channel, events, key } = publication;
  const body = JSON.stringify(events.length === 1 ? events[0] : events);
  const headers = { 'Content-Type': 'application/json', 'Idempotency-Key': key };
  const fields = await askJson(asker, channelPath(channel, 'events'), { method: 'POST', headers, body });
  return { type: 'published', ...(fields as Omit<Published, 'type'>) };
}

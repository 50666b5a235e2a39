/** The way to the server and its health; who we are to it; and a channel to examine with. */
import { covered } from '../../patterns.js';
import { PATIENCE } from './observed.js';
import type { Access, Answerer, ServerSeen, Sizes, Trouble, WaySeen } from './observed.js';

/** What everything is examined with. */
export interface Tools {
  readonly url: URL;
  readonly token: string | undefined;
  readonly signal: AbortSignal;
}

/** The `Date` header names the second that has begun: half a second later on the average. */
const WHOLE_SECOND_MS = 500;
/** A stream of 128 channels, each with its position. */
const LONG_ADDRESS = 4_000;
/** One event of the greatest size, and what stands around it. */
const LARGE_BODY = 1_001_000;

/** Ask once. Rejects where nothing comes back in time. */
export function ask(tools: Tools, path: string, init: RequestInit = {}, seconds: number = PATIENCE.answer): Promise<Response> {
  const headers = { ...(tools.token === undefined ? {} : { Authorization: `Bearer ${tools.token}` }), ...init.headers };
  const signal = AbortSignal.any([tools.signal, AbortSignal.timeout(seconds * 1_000)]);
  return fetch(new URL(path, tools.url), { cache: 'no-store', ...init, headers, signal });
}

export function answererOf(headers: Headers): Answerer {
  // A header may say anything, at any length.
  const short = (text: string | null): string | null => (text ? text.slice(0, 80) : null);
  return { server: short(headers.get('server')), via: short(headers.get('via') ?? headers.get('x-cache')) };
}

/** Ask for its health. */
export async function examineServer(tools: Tools): Promise<ServerSeen> {
  const nothing = { status: null, headway: false, healthy: false, version: null, ailing: [], by: { server: null, via: null }, skew: null };
  try {
    const answer = await ask(tools, 'api/health');
    const date = Date.parse(answer.headers.get('date') ?? '');
    const seen = {
      ...nothing,
      status: answer.status,
      by: answererOf(answer.headers),
      skew: Number.isNaN(date) ? null : (date + WHOLE_SECOND_MS - Date.now()) / 1_000,
      reason: null,
    };
    const details = detailsOf(await answer.json().catch(() => undefined));
    if (details === undefined) {
      return seen;
    }
    const checks = Object.entries(details.checks ?? {}).filter(([, { status }]) => status !== 'healthy');
    const ailing = checks.map(([name, { message }]) => message ?? name);
    return { ...seen, headway: true, healthy: answer.status === 200, version: details.version ?? null, ailing };
  } catch (error) {
    return { ...nothing, reason: error instanceof Error ? error.message : String(error) };
  }
}

interface Details {
  readonly server?: unknown;
  readonly version?: string;
  readonly checks?: Readonly<Record<string, { readonly status: string; readonly message?: string }>>;
}

function detailsOf(body: unknown): Details | undefined {
  const { details } = (body ?? {}) as { readonly details?: Details };
  return details?.server === 'running' ? details : undefined;
}

/** What the browser measured of the way, when it last had to make it. */
export function examineWay(url: URL): WaySeen {
  const port = Number(url.port) || (url.protocol === 'https:' ? 443 : 80);
  const entries = performance.getEntriesByType('navigation').concat(performance.getEntriesByType('resource')) as PerformanceResourceTiming[];
  const made = entries.filter(({ name, connectEnd, connectStart }) => name.startsWith(url.origin) && connectEnd > connectStart).at(-1);
  if (made === undefined) {
    return { host: url.hostname, port, dns: null, tcp: null, tls: null };
  }
  const { domainLookupStart, domainLookupEnd, connectStart, connectEnd, secureConnectionStart } = made;
  const secure = secureConnectionStart > 0;
  return {
    host: url.hostname,
    port,
    dns: (domainLookupEnd - domainLookupStart) / 1_000,
    tcp: ((secure ? secureConnectionStart : connectEnd) - connectStart) / 1_000,
    tls: secure ? (connectEnd - secureConnectionStart) / 1_000 : null,
  };
}

/** Ask who we are, and choose a channel that nobody else reads. */
export async function examineAccess(tools: Tools, id: string): Promise<Access> {
  const nobody = { given: tools.token !== undefined, accepted: false, user: null, role: null, channel: null, fresh: false, publish: false };
  try {
    const answer = await ask(tools, 'api/me');
    if (!answer.ok) {
      return nobody;
    }
    const me = (await answer.json()) as { user: string | null; role: string; channels: string[]; publish: string[] };
    return { ...nobody, accepted: true, user: me.user, role: me.role, ...channelFor(me.channels, me.publish, id) };
  } catch {
    return nobody;
  }
}

/** A channel that may be read: whether it is nobody's but ours, and whether we may publish to it. To a channel that may
 * be somebody's nothing is published. */
export function channelFor(read: readonly string[], publish: readonly string[], id: string): Pick<Access, 'channel' | 'fresh' | 'publish'> {
  for (const pattern of [...publish, ...read].filter((one) => one.includes('*'))) {
    const name = pattern === '*' ? `doctor:${id}` : pattern.replace('*', `doctor-${id}`).replaceAll('*', '');
    if (covered(name, read)) {
      return { channel: name, fresh: true, publish: covered(name, publish) };
    }
  }
  return { channel: read[0] ?? null, fresh: false, publish: false };
}

/** Send a long address, and, where publishing is allowed at all, a large body. The server refuses both, so nothing is
 * stored; what matters is who refuses. */
export async function examineSizes(tools: Tools, channel: string, publish: boolean): Promise<Sizes> {
  const path = `api/channels/${encodeURIComponent(channel)}/events`;
  const address = await sent(tools, `${path}?since=${'x'.repeat(LONG_ADDRESS)}`, {});
  const body = publish ? await sent(tools, path, { method: 'POST', body: ' '.repeat(LARGE_BODY) }) : null;
  return { address, addressBytes: LONG_ADDRESS, body, bodyBytes: publish ? LARGE_BODY : 0 };
}

async function sent(tools: Tools, path: string, init: RequestInit): Promise<Trouble | null> {
  const nobody = { server: null, via: null };
  try {
    const answer = await ask(tools, path, init, PATIENCE.answer * 2);
    const code = await codeOf(answer);
    if (code !== null && answer.status === 400) {
      return null;
    }
    return { kind: 'status', stage: 'open', reason: `HTTP ${answer.status}`, status: answer.status, code, by: answererOf(answer.headers) };
  } catch (error) {
    const silent = error instanceof DOMException && error.name === 'TimeoutError';
    const reason = silent ? 'no answer in time' : error instanceof Error ? error.message : String(error);
    return { kind: silent ? 'silent' : 'cut', stage: 'open', reason, status: null, code: null, by: nobody };
  }
}

/** The code of a refusal, if a Headway refuses. */
async function codeOf(answer: Response): Promise<string | null> {
  const body = (await answer.json().catch(() => undefined)) as { readonly error?: { readonly code?: unknown } } | undefined;
  const code = body?.error?.code;
  return typeof code === 'string' ? code : null;
}

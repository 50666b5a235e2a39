/** Asking the server: records, changes, texts and files to keep. */
import { HeadwayError } from 'headway-client';
import { useHeadway } from 'headway-react';
import { useCallback } from 'react';

import { BASE } from '../../address.js';
import { queries, useRecord } from '../../records.js';
import type { RecordOptions } from '../../records.js';
import { useToken } from '../../session.js';
import type { Application, Applications, Run } from './wire.js';

/** A person waits, and some of it is work: a check may take as long as its timeout, and again. */
const PATIENCE_MS = 120_000;

/** `api/applications/a%20b/beats` */
export function pathOf(...parts: readonly string[]): string {
  return ['api', ...parts.map(encodeURIComponent)].join('/');
}

export function useApplicationList(options: RecordOptions = {}): ReturnType<typeof useRecord<Applications>> {
  return useRecord(pathOf('applications'), options);
}

export function useApplicationRecord(id: string, options: RecordOptions = {}): ReturnType<typeof useRecord<Application>> {
  return useRecord(pathOf('applications', id), options);
}

export function useRunRecord(id: string, options: RecordOptions = {}): ReturnType<typeof useRecord<Run>> {
  return useRecord(pathOf('tests', id), options);
}

/** What begins like this path is asked for again. */
export async function refresh(...parts: readonly string[]): Promise<void> {
  const path = pathOf(...parts);
  await queries.invalidateQueries({ predicate: ({ queryKey: [key] }) => typeof key === 'string' && key.startsWith(path) });
}

export type Ask = <T>(method: string, parts: readonly string[], body?: unknown) => Promise<T>;

/** Ask for a change. Rejects with `HeadwayError`. */
export function useAsk(): Ask {
  const client = useHeadway();
  return useCallback(async <T>(method: string, parts: readonly string[], body?: unknown) => (await client.command(pathOf(...parts), { method, body, patience: PATIENCE_MS })) as T, [client]);
}

/** `fetch` with the token that was typed in, if one was. Rejects with what the server said. */
export function useFetch(): (path: string, init?: RequestInit) => Promise<Response> {
  const token = useToken();
  return useCallback(
    async (path, init = {}) => {
      const headers = new Headers(init.headers);
      if (token !== undefined) {
        headers.set('Authorization', `Bearer ${token}`);
      }
      let answer: Response;
      try {
        answer = await fetch(new URL(path.replace(/^\//, ''), BASE), { ...init, headers });
      } catch {
        throw new HeadwayError('network', 'the server was not reached; try again');
      }
      if (!answer.ok) {
        throw await refusalIn(answer);
      }
      return answer;
    },
    [token],
  );
}

async function refusalIn(answer: Response): Promise<HeadwayError> {
  const said = ((await answer.json().catch(() => null)) as { readonly error?: { readonly message?: unknown } } | null)?.error;
  return new HeadwayError('bad_message', typeof said?.message === 'string' ? said.message : `the server answered ${answer.status}`);
}

/** Get a file. A link does it where a cookie says who asks; a token that was typed in is sent along. */
export function useDownload(): (path: string, name: string) => Promise<void> {
  const get = useFetch();
  return useCallback(
    async (path, name) => {
      const answer = await get(path);
      const local = URL.createObjectURL(await answer.blob());
      const link = document.createElement('a');
      link.href = local;
      link.download = name;
      link.click();
      // The browser has begun to read it by then.
      setTimeout(() => URL.revokeObjectURL(local), 60_000);
    },
    [get],
  );
}

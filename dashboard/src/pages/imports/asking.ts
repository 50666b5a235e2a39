/** Asking the server: records, changes, uploads with their progress, and files to keep. */
import { HeadwayError } from 'headway-client';
import { useHeadway } from 'headway-react';
import { useCallback } from 'react';

import { BASE } from '../../address.js';
import { queries, useRecord } from '../../records.js';
import type { RecordOptions } from '../../records.js';
import { useToken } from '../../session.js';
import type { Population, Region, Run, SavedMapping, Target, Upload } from './wire.js';

const API = 'api/imports';
/** A person waits, and some of it is work: a test asks PingOne. */
const PATIENCE_MS = 30_000;

/** `api/imports/files/a%20b/preview` */
export function pathOf(...parts: readonly string[]): string {
  return [API, ...parts.map(encodeURIComponent)].join('/');
}

// Records

export function useTargets(): ReturnType<typeof useRecord<{ readonly targets: readonly Target[] }>> {
  return useRecord(pathOf('targets'));
}

export function useTarget(id: string | undefined): Target | undefined {
  return useTargets().data?.targets.find((one) => one.id === id);
}

export function useRegions(): ReturnType<typeof useRecord<{ readonly regions: readonly Region[] }>> {
  return useRecord(pathOf('regions'));
}

export function usePopulations(target: string | undefined): ReturnType<typeof useRecord<{ readonly populations: readonly Population[] }>> {
  return useRecord(pathOf('targets', target ?? '', 'populations'), { when: target !== undefined });
}

export function useUpload(file: string | undefined): ReturnType<typeof useRecord<Upload>> {
  return useRecord(pathOf('files', file ?? ''), { when: file !== undefined });
}

export function useMappings(): ReturnType<typeof useRecord<{ readonly mappings: readonly SavedMapping[] }>> {
  return useRecord(pathOf('mappings'));
}

export function useRun(id: string | undefined, options: RecordOptions = {}): ReturnType<typeof useRecord<Run>> {
  return useRecord(pathOf('runs', id ?? ''), { ...options, when: id !== undefined });
}

/** What begins like this path is asked for again. */
export async function refresh(...parts: readonly string[]): Promise<void> {
  const path = pathOf(...parts);
  await queries.invalidateQueries({ predicate: ({ queryKey: [key] }) => typeof key === 'string' && key.startsWith(path) });
}

// Changes

export type Ask = <T>(method: string, parts: readonly string[], body?: unknown) => Promise<T>;

/** Ask for a change. Rejects with `HeadwayError`. */
export function useAsk(): Ask {
  const client = useHeadway();
  return useCallback(
    async <T>(method: string, parts: readonly string[], body?: unknown) =>
      (await client.command(pathOf(...parts), { method, body, patience: PATIENCE_MS })) as T,
    [client],
  );
}

// Uploads

export interface Sending {
  readonly done: Promise<Upload>;
  readonly abort: () => void;
}

/** Send a file as it is; `heard` is told how much of it has left. `fetch` does not tell that of what is sent. */
export function useSend(): (file: File, heard: (sent: number) => void) => Sending {
  const token = useToken();
  return useCallback(
    (file, heard) => {
      const request = new XMLHttpRequest();
      const done = new Promise<Upload>((resolve, reject) => {
        request.open('POST', new URL(`${pathOf('files')}?${new URLSearchParams({ name: file.name })}`, BASE));
        request.responseType = 'json';
        request.setRequestHeader('Content-Type', 'text/csv');
        if (token !== undefined) {
          request.setRequestHeader('Authorization', `Bearer ${token}`);
        }
        request.upload.onprogress = ({ loaded }) => heard(loaded);
        request.onload = () => (request.status < 300 ? resolve(request.response as Upload) : reject(refusalIn(request)));
        request.onerror = () => reject(new HeadwayError('network', 'The file did not arrive: the server was not reached, or it refused the file before its end. Try again.'));
        request.onabort = () => reject(new HeadwayError('closed', 'The upload was stopped.'));
        request.send(file);
      });
      return { done, abort: () => request.abort() };
    },
    [token],
  );
}

function refusalIn({ response, status }: XMLHttpRequest): HeadwayError {
  const said = (response as { readonly error?: { readonly message?: unknown; readonly details?: unknown } } | null)?.error;
  const message = typeof said?.message === 'string' ? said.message : `the server answered ${status}`;
  const details = typeof said?.details === 'object' && said.details !== null ? (said.details as Record<string, unknown>) : {};
  return new HeadwayError('bad_message', message, details);
}

// Files to keep

/** Get a file of a run. A link does it where a cookie says who asks; a token that was typed in is sent along. */
export function useDownload(): (path: string, name: string) => Promise<void> {
  const token = useToken();
  return useCallback(
    async (path, name) => {
      const address = new URL(path, BASE);
      if (token === undefined) {
        save(address.href, name);
        return;
      }
      const answer = await fetch(address, { headers: { Authorization: `Bearer ${token}` } });
      if (!answer.ok) {
        throw new HeadwayError('network', `the server answered ${answer.status}`);
      }
      const local = URL.createObjectURL(await answer.blob());
      save(local, name);
      // The browser has begun to read it by then.
      setTimeout(() => URL.revokeObjectURL(local), 60_000);
    },
    [token],
  );
}

function save(address: string, name: string): void {
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
}

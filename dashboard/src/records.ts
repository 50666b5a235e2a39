/** Records: what is asked for once, over HTTP, and kept until it is old. What changes by the second comes by channels. */
import { QueryClient, useQuery } from '@tanstack/react-query';
import type { UseQueryResult } from '@tanstack/react-query';
import { HeadwayError } from 'headway-client';
import { useHeadway } from 'headway-react';

/** A person waits; the query tries again by itself. */
const PATIENCE_MS = 3_000;
const FRESH_MS = 5_000;
const TRIES = 2;

export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: FRESH_MS,
      // A browser that takes itself to be offline asks all the same: what was true before is not told as if it were now.
      networkMode: 'always',
      retry: (failures, error) => failures < TRIES && !(error instanceof HeadwayError && !error.retry),
    },
  },
});

export interface RecordOptions {
  /** Ask again so often, in ms. */
  readonly every?: number | undefined;
  /** False: not yet. */
  readonly when?: boolean | undefined;
}

/** `GET` a path of the HTTP interface: `useRecord<Health>('api/health', { every: 5_000 })`. */
export function useRecord<T>(path: string, options: RecordOptions = {}): UseQueryResult<T, HeadwayError> {
  const client = useHeadway();
  return useQuery<T, HeadwayError>({
    queryKey: [path],
    queryFn: async () => (await client.command(path, { method: 'GET', patience: PATIENCE_MS })) as T,
    refetchInterval: options.every ?? false,
    enabled: options.when ?? true,
  });
}

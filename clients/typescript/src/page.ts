/**
 * What a page tells that matters to a connection.
 *
 *     online, visible again, unfrozen          look whether the server is still there
 *     offline                                  say so; connections within this machine live on
 *     pagehide, freeze                         close: a page with an open connection cannot be kept for "back", and a
 *                                              page that is left keeps nothing
 *     pageshow (kept for "back"), resume       begin again, from where every reader stood
 */
import type { Page, Runtime } from './runtime.js';

export interface PageHost {
  check(): void;
  online(online: boolean): void;
  suspend(): void;
  resume(): void;
}

/** Tell the host. Returns what ends it. */
export function watchPage(runtime: Runtime, host: PageHost): () => void {
  if (runtime.page === undefined) {
    return () => undefined;
  }
  const { window, document } = runtime.page;
  const visible = (): void => {
    if (document.visibilityState === 'visible') {
      host.check();
    }
  };
  const listeners: [Page, string, (event: { persisted?: boolean }) => void][] = [
    [window, 'online', () => host.online(true)],
    [window, 'offline', () => host.online(false)],
    [window, 'pagehide', () => host.suspend()],
    [window, 'pageshow', (event) => event.persisted === true && host.resume()],
    [document, 'visibilitychange', visible],
    [document, 'freeze', () => host.suspend()],
    [document, 'resume', () => host.resume()],
  ];
  listeners.forEach(([target, type, listener]) => target.addEventListener(type, listener));
  return () => listeners.forEach(([target, type, listener]) => target.removeEventListener(type, listener));
}

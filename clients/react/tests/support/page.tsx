/** A page with components on it, and what a test does around it. */
import { StrictMode } from 'react';
import type { ReactNode } from 'react';
import { createRoot } from 'react-dom/client';

export interface Shown {
  readonly container: HTMLElement;
  show(node: ReactNode): void;
  unmount(): void;
}

const PATIENCE_MS = 20_000;
const pages = new Set<Shown>();

/** Show this, in StrictMode, as every application is developed. */
export function show(node: ReactNode, options: { strict?: boolean; onError?: (error: unknown) => void } = {}): Shown {
  const container = document.createElement('main');
  document.body.append(container);
  const root = createRoot(container, options.onError === undefined ? {} : { onUncaughtError: options.onError });
  const wrapped = (inner: ReactNode): ReactNode => (options.strict === false ? inner : <StrictMode>{inner}</StrictMode>);
  const shown: Shown = {
    container,
    show: (next) => root.render(wrapped(next)),
    unmount: () => {
      root.unmount();
      container.remove();
      pages.delete(shown);
    },
  };
  pages.add(shown);
  shown.show(node);
  return shown;
}

/** After a test nothing is left. */
export function unmountAll(): void {
  pages.forEach((page) => page.unmount());
}

/** Resolves when it is so; asked at every frame and while there are none. */
export async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  const began = performance.now();
  while (!(await isSo())) {
    if (performance.now() - began > PATIENCE_MS) {
      throw new Error(`waited in vain until ${what}; the page says: ${document.body.innerText}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Until the page says this. */
export async function says(shown: Shown, text: string | RegExp): Promise<void> {
  const pattern = typeof text === 'string' ? new RegExp(text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')) : text;
  await until(`the page says ${String(text)}`, () => pattern.test(shown.container.innerText));
}

export function find<E extends Element = HTMLElement>(shown: Shown, selector: string): E {
  const found = shown.container.querySelector<E>(selector);
  if (found === null) {
    throw new Error(`nothing on the page is ${selector}: ${shown.container.innerHTML}`);
  }
  return found;
}

export function button(shown: Shown, label: string): HTMLButtonElement {
  const all = [...shown.container.querySelectorAll('button')];
  const found = all.find((one) => (one.getAttribute('aria-label') ?? one.textContent) === label);
  if (found === undefined) {
    throw new Error(`there is no button '${label}': ${all.map((one) => one.textContent).join(', ')}`);
  }
  return found;
}

/** An event that is to be published. */
export interface Draft {
  readonly type: string;
  readonly key?: string;
  readonly data?: Readonly<Record<string, unknown>>;
}

/** Publish, past every client. */
export async function publish(url: string, channel: string, ...events: readonly Draft[]): Promise<void> {
  const answer = await fetch(`${url}/api/channels/${encodeURIComponent(channel)}/events`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(events),
  });
  if (!answer.ok) {
    throw new Error(`publishing failed with ${answer.status}: ${await answer.text()}`);
  }
}

/** The whole state of a task, as its events carry it. */
export function task(id: string, more: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> {
  return {
    task: id,
    name: 'Nightly ETL',
    status: 'running',
    wanted: null,
    total: 1_000,
    done: 420,
    initial: 0,
    unit: 'rows',
    percent: 42,
    counts: { created: 400, failed: 20 },
    rate: 12.5,
    eta: 46.4,
    elapsed: 33.1,
    stalled: false,
    current: 'row 420',
    attempt: 1,
    queued_at: '2026-01-31T09:30:00.000Z',
    started_at: '2026-01-31T09:30:01.000Z',
    ended_at: null,
    waiting: null,
    allowed: ['pause', 'cancel'],
    error: null,
    result: null,
    ...more,
  };
}

/** A state as the event that newer ones replace. */
export function progress(id: string, more: Readonly<Record<string, unknown>> = {}): Draft {
  return { type: 'task_progress', key: 'task', data: task(id, more) };
}

/** A part of a task. */
export function part(id: string, parent: string, more: Readonly<Record<string, unknown>> = {}): Draft {
  const { allowed: _allowed, attempt: _attempt, ...rest } = task(id);
  return { type: 'task_progress', key: `task/${id}`, data: { ...rest, parent, root: parent, ...more } };
}

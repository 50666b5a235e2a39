/**
 * When the page is told: once for each frame the screen shows, whatever came since the last one. All stores speak in the
 * same moment, so React renders once for all of them.
 */

/** A page that nobody looks at is shown no frames; its title and its sounds may want to know all the same. */
const UNSEEN_MS = 250;

const due = new Set<() => void>();
let frame: number | undefined;
let timer: ReturnType<typeof setTimeout> | undefined;

/** Call this at the next frame: once, however often it is asked for before. */
export function atNextFrame(call: () => void): void {
  due.add(call);
  frame ??= requestAnimationFrame(run);
  timer ??= setTimeout(run, UNSEEN_MS);
}

/** Do not call it after all. */
export function notAtNextFrame(call: () => void): void {
  due.delete(call);
  if (due.size === 0) {
    stop();
  }
}

function run(): void {
  stop();
  const calls = [...due];
  due.clear();
  calls.forEach((call) => call());
}

function stop(): void {
  if (frame !== undefined) {
    cancelAnimationFrame(frame);
    frame = undefined;
  }
  clearTimeout(timer);
  timer = undefined;
}

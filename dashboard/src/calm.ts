/**
 * Values that change faster than anybody reads. The clients show what is new at each frame; a page of many numbers shows
 * them ten times in a second, which looks as live, and leaves the processor to others.
 */
import { useEffect, useRef, useState } from 'react';

const EVERY_MS = 100;

/** The value, at most every so many ms anew; the last one always. */
export function useCalm<T>(value: T, every = EVERY_MS): T {
  const [shown, setShown] = useState(value);
  const newest = useRef(value);
  const at = useRef(0);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => {
    newest.current = value;
    const show = (): void => {
      timer.current = undefined;
      at.current = performance.now();
      setShown(newest.current);
    };
    const wait = every - (performance.now() - at.current);
    if (wait <= 0) {
      clearTimeout(timer.current);
      show();
    } else {
      timer.current ??= setTimeout(show, wait);
    }
  }, [value, every]);
  useEffect(
    () => () => {
      clearTimeout(timer.current);
      timer.current = undefined;
    },
    [],
  );
  return shown;
}

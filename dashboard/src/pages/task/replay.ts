/** Where a replay stands, and how it goes on: at any speed, a frame at a time. */
import { useCallback, useEffect, useState } from 'react';

export const SPEEDS = [1, 4, 16, 64, 256] as const;
/** The run is chosen to be over in about this time, at first. */
const PLEASANT_MS = 20_000;

export interface Replay {
  /** The moment that is shown, in ms since 1970; undefined: live. */
  readonly moment: number | undefined;
  readonly playing: boolean;
  readonly speed: number;
  readonly setSpeed: (speed: number) => void;
  /** Show a moment. */
  readonly seek: (moment: number) => void;
  readonly play: () => void;
  readonly pause: () => void;
  /** Back to what is told now. */
  readonly live: () => void;
}

export function useReplay(start: number, end: number): Replay {
  const [wanted, setMoment] = useState<number>();
  // Of a run that is not read whole yet, or that goes on, the ends move; of one that is not read at all there is none.
  const moment = wanted === undefined || end < start ? undefined : Math.max(start, Math.min(end, wanted));
  const [playing, setPlaying] = useState(false);
  const [chosen, setChosen] = useState<number>();
  const speed = chosen ?? SPEEDS.find((one) => (end - start) / one <= PLEASANT_MS) ?? SPEEDS[SPEEDS.length - 1]!;
  useEffect(() => {
    if (!playing) {
      return undefined;
    }
    let before = performance.now();
    let frame = requestAnimationFrame(step);
    function step(now: number): void {
      // A frame may be of before the effect ran.
      const passed = Math.max(0, now - before) * speed;
      before = now;
      setMoment((at) => Math.min(end, Math.max(start, at ?? start) + passed));
      frame = requestAnimationFrame(step);
    }
    return () => cancelAnimationFrame(frame);
  }, [playing, speed, start, end]);
  useEffect(() => {
    if (playing && moment !== undefined && moment >= end) {
      setPlaying(false);
    }
  }, [playing, moment, end]);
  const seek = useCallback((to: number) => setMoment(to), []);
  const play = useCallback(() => {
    // From the beginning, wherever that is by then.
    setMoment((at) => (at === undefined || at >= end ? -Infinity : at));
    setPlaying(true);
  }, [end]);
  const pause = useCallback(() => setPlaying(false), []);
  const live = useCallback(() => {
    setPlaying(false);
    setMoment(undefined);
  }, []);
  return { moment, playing, speed, setSpeed: setChosen, seek, play, pause, live };
}

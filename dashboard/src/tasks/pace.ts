/** How fast, and how long still. Between two updates time goes on, as long as somebody would tell. */
import type { TaskState } from 'headway-react';
import { duration, rate } from 'headway-react/words';
import { useEffect, useState } from 'react';

export interface Pace {
  /** 12.5 rows/s */
  readonly rate: string | undefined;
  /** 46 s left */
  readonly left: string | undefined;
  /** 33 s so far, or how long it took */
  readonly elapsed: string;
}

/** `live`: whether what is told is of this moment; in a replay, or without a connection, time stands still. */
export function usePace(task: TaskState, live: boolean): Pace {
  const running = task.status === 'running' && live;
  const since = useSecondsSince(task.position, running);
  const eta = task.eta === undefined ? undefined : Math.max(0, task.eta - since);
  const goesOn = task.status === 'running';
  return {
    rate: goesOn && task.rate !== undefined ? rate(task.rate, task.unit) : undefined,
    left: !goesOn || eta === undefined || task.stalled ? undefined : eta < 1 ? 'almost done' : `${duration(eta)} left`,
    elapsed: task.elapsed === 0 && !goesOn ? '' : `${duration(task.elapsed + since)}`,
  };
}

function useSecondsSince(mark: string, active: boolean): number {
  const [passed, setPassed] = useState({ mark, seconds: 0 });
  useEffect(() => {
    if (!active) {
      return undefined;
    }
    const began = performance.now();
    const timer = setInterval(() => setPassed({ mark, seconds: Math.round((performance.now() - began) / 1_000) }), 1_000);
    return () => clearInterval(timer);
  }, [mark, active]);
  return passed.mark === mark && active ? passed.seconds : 0;
}

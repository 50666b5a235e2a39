/** What a client was told, held against the log; and the longest silences. Pure. */

export interface Verdict {
  readonly events: number;
  readonly lost: number;
  readonly repeated: number;
  readonly disordered: number;
}

export const NOTHING: Verdict = { events: 0, lost: 0, repeated: 0, disordered: 0 };

/** `told` are the offsets that a client was told, in the order it was; `head` is how many events the log holds. */
export function judge(told: readonly number[], head: number, gaps: number): Verdict {
  const once = new Set(told);
  let missing = 0;
  for (let offset = 1; offset <= head; offset += 1) {
    missing += once.has(offset) ? 0 : 1;
  }
  let highest = 0;
  let disordered = 0;
  for (const offset of told) {
    disordered += offset < highest ? 1 : 0;
    highest = Math.max(highest, offset);
  }
  // Nothing was trimmed and no log began anew: a gap that was told would be a lie.
  return { events: told.length, lost: missing + gaps, repeated: told.length - once.size, disordered };
}

export function add(one: Verdict, other: Verdict): Verdict {
  return {
    events: one.events + other.events,
    lost: one.lost + other.lost,
    repeated: one.repeated + other.repeated,
    disordered: one.disordered + other.disordered,
  };
}

export function clean({ lost, repeated, disordered }: Verdict): boolean {
  return lost + repeated + disordered === 0;
}

/** The longest time without an event between these moments. */
export function longestSilence(times: readonly number[], from: number, to: number): number {
  let longest = 0;
  let last = from;
  for (const time of times) {
    if (time > from && time <= to) {
      longest = Math.max(longest, time - last);
      last = time;
    }
  }
  return Math.max(longest, to - last);
}

/** The value that this share of them does not exceed. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? NaN;
}

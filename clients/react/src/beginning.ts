/**
 * Where a channel is begun, when several components of a page follow it and each says something else: the one that wants
 * most decides, because the client has one place in a channel.
 *
 *     nothing       the state, then live
 *     a position    everything after it
 *     last: n       what the n newest offsets of the log hold
 *     ''            everything the log holds
 */

export interface Beginning {
  readonly since?: string | undefined;
  readonly last?: number | undefined;
}

/** Which of them wants most. Of two positions the first. */
export function widest(beginnings: Iterable<Beginning>): Beginning {
  let most: Beginning = {};
  for (const beginning of beginnings) {
    if (wider(beginning, most)) {
      most = beginning;
    }
  }
  return most;
}

/** Whether the first wants something that the second does not have. */
export function wider(one: Beginning, other: Beginning): boolean {
  const [rank, than] = [rankOf(one), rankOf(other)];
  return rank > than || (rank === than && (one.last ?? 0) > (other.last ?? 0));
}

function rankOf({ since, last }: Beginning): number {
  return since === '' ? 3 : last !== undefined && last > 0 ? 2 : since === undefined ? 0 : 1;
}

/** The position so many offsets before this one. Offsets have no gaps, and the first is 1. */
export function before(position: string, last: number): string {
  const dot = position.lastIndexOf('.');
  return `${position.slice(0, dot)}.${Math.max(0, Number(position.slice(dot + 1)) - last)}`;
}

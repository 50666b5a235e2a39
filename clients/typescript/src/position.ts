/**
 * Where a reader stands: an offset under an epoch, spelled `epoch.offset`. Clients keep the spelling and show it; they
 * look inside only to drop what they have been told already.
 */

export interface Position {
  readonly epoch: string;
  readonly offset: number;
}

/** Read a spelling. What is none counts as the beginning of a log nobody knows. */
export function parsePosition(spelled: string): Position {
  const dot = spelled.lastIndexOf('.');
  return { epoch: spelled.slice(0, Math.max(dot, 0)), offset: Number(spelled.slice(dot + 1)) || 0 };
}

/** Whether who has reached `reached` has been told what lies at `position`. */
export function covers(reached: Position, position: Position): boolean {
  return reached.epoch === position.epoch && position.offset <= reached.offset;
}

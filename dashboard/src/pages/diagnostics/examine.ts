/** The order of an examination: each step only where the one before leaves something to see. */
import type { Client } from 'headway-client';

import { examineFallbacks } from './fallbacks.js';
import { newId, seconds } from './line.js';
import { CHECKS, LADDER, TITLES } from './observed.js';
import type { Check, Observed, Trial } from './observed.js';
import { Publisher } from './publisher.js';
import { examineAccess, examineServer, examineSizes, examineWay } from './server.js';
import type { Tools } from './server.js';
import { examineHold, examineTransport } from './trials.js';

export interface Examination extends Tools {
  /** Which transports. All of them: also how the client goes from one to the next, and what is large. */
  readonly checks: readonly Check[];
  /** Publishes. */
  readonly client: Client;
  /** What was seen before: what is not tried again stays. */
  readonly before: Observed | undefined;
  /** Hears what is being looked at, and what was seen. */
  readonly step: (step: string, seen: Observed, now: Check | undefined) => void;
}

/** Examine. Where it is allowed, some small events are published to a fresh channel with a name that nobody can guess. */
export async function examine(examination: Examination): Promise<Observed> {
  const { url, checks, client, before, step } = examination;
  const whole = checks.length === CHECKS.length;
  const began = seconds();
  let seen: Observed = {
    url: url.href.replace(/\/$/, ''),
    began: Date.now(),
    seconds: 0,
    way: examineWay(url),
    server: null,
    access: null,
    publishing: null,
    trials: whole ? [] : (before?.trials ?? []),
    fallbacks: whole ? null : (before?.fallbacks ?? null),
    sizes: whole ? null : (before?.sizes ?? null),
  };
  const looking = (what: string, now?: Check): void => step(what, seen, now);
  looking('looking at the server');
  seen = { ...seen, server: await examineServer(examination) };
  const access = seen.server?.headway === true ? await examineAccess(examination, newId()) : null;
  seen = { ...seen, access };
  if (access?.channel != null) {
    const { channel } = access;
    let publisher = access.publish ? new Publisher(client, channel) : undefined;
    if (publisher !== undefined) {
      looking('looking at publishing');
      const trouble = await publisher.publish().then(
        () => null,
        (error: unknown) => (error instanceof Error ? error.message : String(error)),
      );
      seen = { ...seen, publishing: trouble };
      publisher = trouble === null ? publisher : undefined;
    }
    // One after the other: beside others none would be quick.
    for (const check of checks) {
      looking(`looking at ${TITLES[check]}`, check);
      seen = { ...seen, trials: withTrial(seen.trials, await examineTransport(check, examination, channel, publisher)) };
    }
    // All at once: it takes long enough once.
    const working = seen.trials.filter(({ check, trouble }) => checks.includes(check) && trouble === null);
    if (working.length > 0) {
      looking('holding every transport open, quiet, for 1 s');
      const holds = await Promise.all(working.map(async (trial) => ({ ...trial, hold: await examineHold(trial.check, examination, channel, publisher) })));
      seen = { ...seen, trials: holds.reduce(withTrial, seen.trials) };
    }
    const rungs = working.map(({ check }) => check).filter((check) => LADDER.includes(check));
    if (whole && rungs.length > 0) {
      looking('falling back from each transport to the next');
      seen = { ...seen, fallbacks: await examineFallbacks(examination, channel, publisher, rungs) };
    }
    if (whole) {
      looking('looking at long addresses and large bodies');
      seen = { ...seen, sizes: await examineSizes(examination, channel, access.publish) };
    }
  }
  return { ...seen, seconds: seconds() - began };
}

/** In the order of the table. */
function withTrial(trials: readonly Trial[], trial: Trial): readonly Trial[] {
  const others = trials.filter(({ check }) => check !== trial.check);
  return [...others, trial].sort((one, other) => CHECKS.indexOf(one.check) - CHECKS.indexOf(other.check));
}

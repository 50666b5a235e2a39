/** One transport after the other, each for itself: opened, asked, told events; and all of them held open at once. */
import { Line, pause, seconds } from './line.js';
import { Failed, PATIENCE } from './observed.js';
import type { Check, Hold, Trial, Trouble } from './observed.js';
import type { Publisher } from './publisher.js';
import type { Tools } from './server.js';

/** Events that are published one by one. One may be told by luck, two at the end of a timer. */
const EVENTS = 3;
/** Of the pause between two events: who is told both within that was told them in one piece. */
const TOGETHER = 0.3;

const UNTRIED: Omit<Trial, 'check'> = {
  connect: null,
  follow: null,
  ping: null,
  lags: [],
  together: 0,
  missing: 0,
  encoding: null,
  accelerated: false,
  hold: null,
  trouble: null,
};

type Draft = { -readonly [Field in keyof Trial]: Trial[Field] };

/** Try a transport. Without a publisher its first answer, the state, has to do. */
export async function examineTransport(check: Check, tools: Tools, channel: string, publisher: Publisher | undefined): Promise<Trial> {
  const line = new Line(check, tools, channel);
  const trial: Draft = { check, ...UNTRIED };
  try {
    let began = seconds();
    await line.open();
    trial.connect = seconds() - began;
    began = seconds();
    await line.follow();
    trial.follow = seconds() - began;
    began = seconds();
    trial.ping = (await line.ping()) ? seconds() - began : null;
    if (publisher !== undefined) {
      await tell(trial, line, publisher, tools);
    }
  } catch (error) {
    trial.trouble = troubleOf(error, tools);
  } finally {
    line.close();
    trial.encoding = line.encoding;
    trial.accelerated = line.accelerated;
  }
  return trial;
}

/** Hold a transport open and quiet, and see that it is still of use at the end. */
export async function examineHold(check: Check, tools: Tools, channel: string, publisher: Publisher | undefined): Promise<Hold> {
  const line = new Line(check, tools, channel);
  let began = seconds();
  try {
    await line.open();
    await line.follow();
    began = seconds();
    await line.quiet(PATIENCE.hold);
    if (publisher === undefined) {
      return { held: PATIENCE.hold, trouble: null, proven: await line.ping() };
    }
    const { mark } = await publisher.publish();
    await line.told(mark, PATIENCE.answer, 'hold');
    return { held: PATIENCE.hold, trouble: null, proven: true };
  } catch (error) {
    return { held: seconds() - began, trouble: { ...troubleOf(error, tools), stage: 'hold' }, proven: true };
  } finally {
    line.close();
  }
}

/** Publish events one by one, and see when they come. */
async function tell(trial: Draft, line: Line, publisher: Publisher, tools: Tools): Promise<void> {
  const sent = [];
  for (let number = 0; number < EVENTS; number += 1) {
    sent.push(await publisher.publish());
    await pause(PATIENCE.spacing * 1_000, tools.signal);
  }
  const came: number[] = [];
  for (const { mark, at } of sent) {
    try {
      const arrived = await line.told(mark, trial.missing === 0 ? PATIENCE.event : PATIENCE.spacing, 'event');
      came.push(arrived);
      trial.lags = [...trial.lags, arrived - at];
    } catch (error) {
      if (!(error instanceof Failed) || error.trouble.kind !== 'silent') {
        throw error;
      }
      trial.missing += 1;
    }
  }
  trial.together = came.filter((at, place) => place > 0 && at - (came[place - 1] ?? 0) < PATIENCE.spacing * TOGETHER).length;
}

function troubleOf(error: unknown, tools: Tools): Trouble {
  if (error instanceof Failed) {
    return error.trouble;
  }
  tools.signal.throwIfAborted();
  const reason = error instanceof Error ? error.message : String(error);
  return { kind: 'cut', stage: 'event', reason, status: null, code: null, by: { server: null, via: null } };
}

/** The last twenty tests that ended: those of the last run from its record, and what is told since. */
import { Glyph, useChannel } from 'headway-react';
import type { Tone } from 'headway-react';
import { timeOf } from 'headway-react/words';
import { useMemo } from 'react';
import type { ReactElement } from 'react';

import { useSession } from '../../session.js';
import { Link } from '../../shell/link.js';
import styles from './feed.module.css';
import { CHANNEL } from './fleet.js';
import type { Run } from './wire.js';
import { kindWords, millisecondsOf, resultWords, runOf, runPath, took } from './words.js';

const KEPT = 20;
/** Lines of the log in which twenty ends are found, among the looks. */
const BACK = 1_000;
const ENDS = ['testCompleted', 'testFailed'];

interface Line {
  readonly id: string;
  readonly time: string;
  readonly tone: Tone;
  readonly word: string;
  readonly name: string;
  readonly kind: string;
  readonly took: number | undefined;
  readonly detail: string | undefined;
  readonly run: string;
}

export function Feed({ run }: { readonly run: Run | undefined }): ReactElement {
  const { reads } = useSession();
  const { events, error } = useChannel(reads(CHANNEL) ? CHANNEL : undefined, { keep: KEPT, types: ENDS, last: BACK });
  const lines = useMemo(() => {
    const heard = events.map(heardLine);
    const known = new Set(heard.map(({ id }) => id));
    const before = recordLines(run).filter(({ id }) => !known.has(id));
    return [...heard, ...before].sort((one, other) => other.time.localeCompare(one.time)).slice(0, KEPT);
  }, [events, run]);
  return (
    <section className={`card ${styles['card']}`} aria-labelledby="feed">
      <h2 id="feed">Activity</h2>
      {error !== undefined && <p className="soft small">Cannot be watched: {error.message}</p>}
      {lines.length === 0 && <p className="soft small">Tests appear here as they end.</p>}
      <ol className={styles['feed']} aria-label="The last tests, the newest first" tabIndex={lines.length > 0 ? 0 : undefined}>
        {lines.map((line) => (
          <li key={line.id} data-tone={line.tone} title={line.detail}>
            <Glyph tone={line.tone} />
            <span className={styles['text']}>
              <span className={styles['name']}>
                <Link to={runPath(line.run)}>{line.name}</Link> <b>{line.word.toLowerCase()}</b>
              </span>
              <span className={styles['kind']}>
                {line.kind} · {took(line.took)}
              </span>
            </span>
            <time dateTime={line.time}>{timeOf(line.time)}</time>
          </li>
        ))}
      </ol>
    </section>
  );
}

type Told = ReturnType<typeof useChannel>['events'][number];

function heardLine(event: Told): Line {
  const text = (name: string): string => (typeof event[name] === 'string' ? event[name] : '');
  const status = text('status') || (event.type === 'testFailed' ? 'failed' : 'passed');
  const [word, tone] = resultWords(status);
  return {
    id: idOf(text('testRunId'), text('applicationId'), text('testType')),
    time: event.timestamp,
    tone,
    word,
    name: text('applicationName') || text('applicationId'),
    kind: kindWords(text('testType')),
    took: typeof event['duration'] === 'number' ? event['duration'] : undefined,
    detail: text('error') || text('message') || undefined,
    run: text('testRunId'),
  };
}

function recordLines(run: Run | undefined): readonly Line[] {
  return (run?.results ?? []).flatMap((result) => {
    const began = millisecondsOf(result.began);
    if (run === undefined || Number.isNaN(began)) {
      return [];
    }
    const [word, tone] = resultWords(result.status);
    return [
      {
        id: idOf(run.testRunId, result.applicationId, result.testType),
        time: new Date(began + (result.duration ?? 0)).toISOString(),
        tone,
        word,
        name: result.applicationName,
        kind: kindWords(result.testType),
        took: result.duration ?? undefined,
        detail: result.message ?? undefined,
        run: run.testRunId,
      },
    ];
  });
}

function idOf(run: string, application: string, kind: string): string {
  return `${runOf(run)} ${application} ${kind}`;
}

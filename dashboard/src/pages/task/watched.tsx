import type { Event, HeadwayError } from 'headway-client';
import { Glyph, stateOf, useChannel, useTask } from 'headway-react';
import type { TaskState, TaskView } from 'headway-react';
import { amount, percent, timeOf } from 'headway-react/words';
import { memo, useEffect, useMemo } from 'react';
import type { ReactElement } from 'react';

import { useCalm } from '../../calm.js';
import { useRecord } from '../../records.js';
import { Link } from '../../shell/link.js';
import { Waiting } from '../../shell/waiting.js';
import { Actions, Refused } from '../../tasks/actions.js';
import { Badge } from '../../tasks/badge.js';
import { Bar } from '../../tasks/bar.js';
import { Counts } from '../../tasks/card.js';
import { usePace } from '../../tasks/pace.js';
import { nowOf, whenOf } from '../../tasks/say.js';
import { History } from './history.js';
import { Items } from './items.js';
import { Log } from './log.js';
import { Parts } from './parts.js';
import { useRecording } from './recording.js';
import type { Recording, Shown } from './recording.js';
import { useReplay } from './replay.js';
import { Scrubber } from './scrubber.js';
import styles from './watched.module.css';

/** Live events that the recording hears of at once; what comes faster than that is read again for a replay. */
const HEARD = 500;

/** The log, the errors and the curve are read, not watched: each change of them is much to lay out. */
const READ_MS = 250;

export interface WatchedProps {
  readonly id: string;
  /** For who sees nothing else: no way back. */
  readonly alone?: boolean | undefined;
}

export function Watched({ id, alone = false }: WatchedProps): ReactElement {
  const record = useRecord<Readonly<Record<string, unknown>>>(`api/tasks/${encodeURIComponent(id)}`);
  const channel = typeof record.data?.['channel'] === 'string' ? record.data['channel'] : undefined;
  const view = useTask(channel === undefined ? undefined : id, { channel, keep: 0 });
  const events = useCalm(useChannel(channel, { keep: HEARD }).events);
  const recording = useRecording(channel, id, view.status === 'live');
  const { shown } = recording;
  useEffect(() => recording.hear(events), [recording, events, shown.loading]);
  const { data, error: missing } = record;
  const calm = useCalm(useMemo(() => ({ view, data, missing }), [view, data, missing]));
  return <Page id={id} alone={alone} recording={recording} shown={useCalm(shown, READ_MS)} {...calm} />;
}

interface PageProps {
  readonly id: string;
  readonly alone: boolean;
  readonly view: TaskView;
  readonly recording: Recording;
  readonly shown: Shown;
  /** What the records know of the task. */
  readonly data: Readonly<Record<string, unknown>> | undefined;
  readonly missing: HeadwayError | null;
}

/** Apart from what hears, so that what comes faster than it is shown renders nothing. */
const Page = memo(function Page({ id, alone, view, recording, shown, data, missing }: PageProps): ReactElement {
  const { task: told, children: parts, status, error, ...ask } = view;
  const { timeline, version } = shown;
  const replay = useReplay(timeline.start, timeline.end);
  const { moment } = replay;
  // Where the log has let go of the task, its record still knows how it ended.
  const recorded = useMemo(() => recordedState(data), [data]);
  const then = useMemo(
    () => (moment === undefined ? undefined : timeline.at(moment)),
    // `version`: the same timeline may hold more by now.
    [timeline, version, moment],
  );
  const items = useMemo(() => timeline.items(moment), [timeline, version, moment]);
  const lines = useMemo(() => timeline.lines(moment), [timeline, version, moment]);
  const now = told ?? recorded;
  const seek = async (to: number): Promise<void> => {
    if (!shown.whole) {
      await recording.loadWhole();
    }
    replay.pause();
    replay.seek(to);
  };
  const task = then?.task ?? now;
  useTitleOf(now);
  if (task === undefined || now === undefined) {
    return missing === null ? <Waiting /> : <Missing text={missing.message} alone={alone} />;
  }
  const replayed = moment !== undefined;
  const live = status === 'live' && !replayed;
  const children = then?.children ?? parts;
  return (
    <div className={styles['task']} data-replayed={replayed}>
      <header className={styles['head']}>
        <div className={styles['title']}>
          {!alone && (
            <p className="small">
              <Link to="/">Overview</Link> <span className="soft">/ Task</span>
            </p>
          )}
          <div className={styles['name']}>
            <h1>{task.name}</h1>
            <span role={replayed ? undefined : 'status'}>
              <Badge task={task} asking={replayed ? undefined : ask.asking} />
            </span>
          </div>
          <p className="soft small">{aboutOf(task)}</p>
        </div>
        {!replayed && !now.ended && <Actions task={now} ask={ask} />}
        {replayed && <p className={styles['then']}>As it was at {whenOf(new Date(moment).toISOString())}</p>}
      </header>
      <Refused ask={ask} />
      {error !== undefined && (
        <p className={`card ${styles['failed']}`} data-tone="bad" role="alert">
          <Glyph tone="bad" /> This task cannot be watched: {error.message}
        </p>
      )}
      <Progress task={task} live={live} replayed={replayed} />
      <Scrubber recording={recording} shown={shown} replay={replay} goesOn={!now.ended} />
      <div className={styles['columns']}>
        <div className={styles['column']}>
          <Items items={items} replayed={replayed} whole={shown.whole} />
          <Log lines={lines} replayed={replayed} whole={shown.whole} />
        </div>
        <div className={styles['column']}>
          {children.length > 0 && <Parts parts={children} />}
          <History id={id} mark={`${now.status} ${now.wanted ?? ''} ${now.attempt}`} moment={moment} seek={seek} />
          {now.result !== undefined && !replayed && <Result result={now.result} />}
        </div>
      </div>
    </div>
  );
});

interface ProgressProps {
  readonly task: TaskState;
  readonly live: boolean;
  readonly replayed: boolean;
}

function Progress({ task, live, replayed }: ProgressProps): ReactElement {
  const pace = usePace(task, live);
  const stale = !live && !replayed && !task.ended;
  const figures = [
    ['Done', task.status === 'queued' && task.done === 0 ? '–' : amount(task)],
    ['Rate', pace.rate ?? '–'],
    [task.ended ? 'Took' : 'Running for', pace.elapsed || '–'],
    task.ended ? ['Ended', whenOf(task.endedAt ?? '') || '–'] : ['Left', pace.left?.replace(/ left$/, '') ?? '–'],
  ] as const;
  return (
    <section className={`card ${styles['progress']}`} aria-label="Progress" data-stale={stale}>
      <div className={styles['far']}>
        <Bar task={task} thick />
        <span className={styles['percent']}>{task.percent === undefined ? '–' : percent(task.percent, task.total)}</span>
      </div>
      <dl className={styles['figures']}>
        {figures.map(([label, value]) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <Counts task={task} />
      <p className={styles['now']} data-tone={task.error === undefined ? undefined : 'bad'}>
        {stale ? `Not live: as of ${timeOf(task.timestamp)}` : nowOf(task)}
      </p>
    </section>
  );
}

function Result({ result }: { readonly result: unknown }): ReactElement {
  return (
    <section className="card" aria-labelledby="result">
      <h2 id="result">Result</h2>
      <pre className={styles['result']} tabIndex={0}>
        {typeof result === 'string' ? result : JSON.stringify(result, null, 2)}
      </pre>
    </section>
  );
}

function Missing({ text, alone }: { readonly text: string; readonly alone: boolean }): ReactElement {
  return (
    <div className="card">
      <h1>This task cannot be shown</h1>
      <p className="soft">{text}</p>
      {!alone && <Link to="/">To the overview</Link>}
    </div>
  );
}

function aboutOf(task: TaskState): string {
  const parts = [
    task.job === undefined ? 'reported by a program' : `job ${task.job}`,
    task.attempt > 1 ? `attempt ${task.attempt}` : '',
    task.startedAt === undefined ? '' : `started ${whenOf(task.startedAt)}`,
    task.task,
  ];
  return parts.filter(Boolean).join(' · ');
}

function recordedState(record: Readonly<Record<string, unknown>> | undefined): TaskState | undefined {
  if (record === undefined) {
    return undefined;
  }
  const time = record['ended_at'] ?? record['started_at'] ?? record['queued_at'] ?? '';
  const event = { ...record, type: 'task_progress', offset: 0, position: '', timestamp: String(time) };
  return stateOf(event as unknown as Event);
}

/** A tab in the background tells how far it is. */
function useTitleOf(task: TaskState | undefined): void {
  const title = task === undefined ? undefined : `${task.percent === undefined || task.ended ? task.status : percent(task.percent, task.total)} · ${task.name}`;
  useEffect(() => {
    if (title !== undefined) {
      document.title = title;
    }
  }, [title]);
}

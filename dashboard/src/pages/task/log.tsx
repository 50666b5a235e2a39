import type { TaskLog } from 'headway-react';
import { count, timeOf, toneOf } from 'headway-react/words';
import { memo, useEffect, useRef, useState } from 'react';
import type { ReactElement } from 'react';

import styles from './log.module.css';

const LEVELS = ['debug', 'info', 'warning', 'error'] as const;
type Level = (typeof LEVELS)[number];

/** Lines in the document at once; a browser lays out so many without a pause. */
const SHOWN = 400;

export interface LogProps {
  readonly lines: readonly TaskLog[];
  readonly replayed: boolean;
  /** False: there are earlier ones, which were not read. */
  readonly whole: boolean;
}

/** What the work said. It follows the end until somebody scrolls away from it. */
export const Log = memo(function Log({ lines, replayed, whole }: LogProps): ReactElement {
  const [level, setLevel] = useState<Level>('debug');
  const [follow, setFollow] = useState(true);
  const list = useRef<HTMLOListElement>(null);
  const chosen = lines.filter((line) => rankOf(line.level) >= LEVELS.indexOf(level));
  const shown = chosen.slice(-SHOWN);
  const last = shown.at(-1)?.position;
  useEffect(() => {
    if (follow && list.current !== null) {
      list.current.scrollTop = list.current.scrollHeight;
    }
  }, [follow, last, level]);
  const scrolled = (): void => {
    if (list.current !== null) {
      const { scrollTop, scrollHeight, clientHeight } = list.current;
      setFollow(scrollHeight - scrollTop - clientHeight < 24);
    }
  };
  return (
    <section className="card" aria-labelledby="log">
      <div className="card-head">
        <h2 id="log">Log</h2>
        <div className={styles['tools']}>
          <span className="soft small numbers">{`${count(chosen.length)}${whole ? '' : '+'} ${chosen.length === 1 && whole ? 'line' : 'lines'}`}</span>
          <label>
            <span className="unseen">Least level</span>
            <select value={level} onChange={(event) => setLevel(event.currentTarget.value as Level)}>
              <option value="debug">All levels</option>
              <option value="info">Info and above</option>
              <option value="warning">Warnings and errors</option>
              <option value="error">Errors</option>
            </select>
          </label>
          <label className={styles['follow']}>
            <input type="checkbox" checked={follow} onChange={(event) => setFollow(event.currentTarget.checked)} /> Follow
          </label>
        </div>
      </div>
      {chosen.length === 0 ? (
        <p className="soft">
          {lines.length > 0
            ? 'No line of this level.'
            : replayed
              ? 'Nothing had been said by then.'
              : 'The work has said nothing yet. task.log("…") adds a line.'}
        </p>
      ) : (
        <ol ref={list} className={styles['lines']} onScroll={scrolled} tabIndex={0} aria-label="Lines of the log">
          {chosen.length > shown.length && <li className="soft">… {count(chosen.length - shown.length)} earlier lines</li>}
          {shown.map((line) => (
            <Line key={line.position} line={line} />
          ))}
        </ol>
      )}
    </section>
  );
});

/** What was said stays as it is: of four hundred lines only those that are new are looked at. */
const Line = memo(function Line({ line }: { readonly line: TaskLog }): ReactElement {
  return (
    <li>
      <time dateTime={line.timestamp}>{timeOf(line.timestamp)}</time>
      <span className={styles['level']} data-tone={line.level === 'info' || line.level === 'debug' ? 'calm' : toneOf(line.level)}>
        {line.level}
      </span>
      <span className={styles['message']}>
        {line.logger != null && <span className="soft">{line.logger}: </span>}
        {line.message}
      </span>
    </li>
  );
});

function rankOf(level: string): number {
  const rank = LEVELS.indexOf(level as Level);
  return rank === -1 ? 1 : rank;
}

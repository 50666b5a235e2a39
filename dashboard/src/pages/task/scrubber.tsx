/**
 * Drag through the run as it happened. The curve is how far it was; a line across it is a milestone. One slider for the
 * mouse, the thumb and the keyboard: arrows are a hundredth, Page Up and Page Down go from milestone to milestone.
 */
import { Button } from '@mantine/core';
import { count } from 'headway-react/words';
import { useMemo } from 'react';
import type { KeyboardEvent, ReactElement } from 'react';

import { Icon } from '../../icons.js';
import { whenOf } from '../../tasks/say.js';
import type { Recording, Shown } from './recording.js';
import { SPEEDS } from './replay.js';
import type { Replay } from './replay.js';
import styles from './scrubber.module.css';
import type { Mark } from './timeline.js';

export interface ScrubberProps {
  readonly recording: Recording;
  readonly shown: Shown;
  readonly replay: Replay;
  /** Whether the task goes on. */
  readonly goesOn: boolean;
}

const WIDTH = 1_000;
const HEIGHT = 100;
/** Points of the curve: one for every two pixels of a wide screen. */
const POINTS = 500;

export function Scrubber({ recording, shown, replay, goesOn }: ScrubberProps): ReactElement {
  const { timeline, version, whole, loading, length, trimmed, error } = shown;
  const { start, end, marks } = timeline;
  const known = end >= start;
  const span = Math.max(1, end - start);
  const at = replay.moment ?? end;
  const path = useMemo(() => (known ? pathOf(timeline.curve(), start, span) : ''), [timeline, version, known, start, span]);
  const share = (time: number): number => ((time - start) / span) * 100;
  const jump = (direction: 1 | -1): void => {
    const to = direction === 1 ? marks.find(({ time }) => time > at) : marks.findLast(({ time }) => time < at);
    replay.pause();
    replay.seek(to?.time ?? (direction === 1 ? end : start));
  };
  const press = (event: KeyboardEvent): void => {
    if (event.key === 'PageUp' || event.key === 'PageDown') {
      event.preventDefault();
      jump(event.key === 'PageUp' ? 1 : -1);
    }
  };
  const play = (): void => {
    if (replay.playing) {
      replay.pause();
    } else if (whole) {
      replay.play();
    } else {
      void recording.loadWhole().then(replay.play);
    }
  };
  const isLive = replay.moment === undefined;
  return (
    <section className={`card ${styles['scrubber']}`} aria-labelledby="replay">
      <div className={styles['head']}>
        <h2 id="replay">Replay</h2>
        <p className={styles['clock']} data-live={isLive}>
          {isLive ? (
            <span className="soft">{goesOn ? 'You see it live' : 'You see how it ended'}</span>
          ) : (
            <>
              <b>{clock(at - start)}</b> <span className="soft">of {clock(span)} · as it was at {whenOf(iso(at))}</span>
            </>
          )}
        </p>
        <Button
          size="compact-sm"
          variant={isLive ? 'default' : 'filled'}
          aria-pressed={isLive}
          onClick={replay.live}
          leftSection={<span className={styles['lamp']} data-live={isLive && goesOn} />}
        >
          {goesOn ? 'Live' : 'The end'}
        </Button>
      </div>
      {known && (
        <div className={styles['track']}>
          <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
            <path className={styles['future']} d={path} />
            <svg width={(share(at) / 100) * WIDTH} height={HEIGHT}>
              <path className={styles['past']} d={path} />
            </svg>
          </svg>
          {marks.map((mark) => (
            <span
              key={mark.offset}
              className={styles['mark']}
              data-tone={mark.tone}
              style={{ left: `${share(mark.time)}%` }}
              title={`${mark.label}, ${whenOf(iso(mark.time))}`}
            />
          ))}
          <span className={styles['needle']} style={{ left: `${share(at)}%` }} data-live={isLive} />
          <input
            type="range"
            min={0}
            max={span}
            step={Math.max(1, Math.round(span / 1_000))}
            value={at - start}
            aria-label="Moment of the run"
            aria-valuetext={`${clock(at - start)} of ${clock(span)}${near(marks, at)}`}
            onChange={(event) => {
              replay.pause();
              replay.seek(start + Number(event.currentTarget.value));
            }}
            onKeyDown={press}
          />
        </div>
      )}
      <div className={styles['foot']}>
        <button type="button" className="icon-button" aria-label="Previous milestone" title="Previous milestone" onClick={() => jump(-1)}>
          <span className={styles['turned']}>
            <Icon name="skip" />
          </span>
        </button>
        <button
          type="button"
          className={`icon-button ${styles['play']}`}
          aria-label={replay.playing ? 'Pause the replay' : 'Play the replay'}
          title={replay.playing ? 'Pause the replay' : 'Play the replay'}
          onClick={play}
        >
          <Icon name={replay.playing ? 'pause' : 'play'} size={22} />
        </button>
        <button type="button" className="icon-button" aria-label="Next milestone" title="Next milestone" onClick={() => jump(1)}>
          <Icon name="skip" />
        </button>
        <fieldset className={styles['speeds']}>
          <legend className="unseen">Speed of the replay</legend>
          {SPEEDS.map((speed) => (
            <label key={speed} data-chosen={speed === replay.speed}>
              <input
                type="radio"
                name="speed"
                className="unseen"
                checked={speed === replay.speed}
                onChange={() => replay.setSpeed(speed)}
              />
              {speed}×
            </label>
          ))}
        </fieldset>
        <p className={styles['note']}>
          {error !== undefined ? (
            <span role="alert">The run cannot be read: {error.message}</span>
          ) : loading ? (
            `Reading ${count(length)} events…`
          ) : !whole && known ? (
            <>
              The end of {count(length)} events.{' '}
              <button type="button" className="quiet-button" onClick={() => void recording.loadWhole()}>
                Read the whole run
              </button>
            </>
          ) : trimmed ? (
            'The log no longer holds the beginning.'
          ) : (
            `${count(length)} events`
          )}
        </p>
      </div>
    </section>
  );
}

/** 0:42, 12:05, 1:02:05 */
export function clock(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  const [hours, minutes] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60];
  const padded = (value: number): string => String(value).padStart(2, '0');
  return hours > 0 ? `${hours}:${padded(minutes)}:${padded(seconds % 60)}` : `${minutes}:${padded(seconds % 60)}`;
}

function iso(time: number): string {
  return Number.isFinite(time) ? new Date(time).toISOString() : '';
}

function near(marks: readonly Mark[], at: number): string {
  const mark = marks.findLast(({ time }) => time <= at);
  return mark === undefined ? '' : `, after: ${mark.label}`;
}

/** The curve as an area. Between two points nothing was told, so it is a stair. */
function pathOf(curve: readonly (readonly [number, number])[], start: number, span: number): string {
  const every = Math.max(1, Math.ceil(curve.length / POINTS));
  const points = curve.filter((_, index) => index % every === 0 || index === curve.length - 1);
  const stairs = points.map(([time, share]) => {
    const x = (((time - start) / span) * WIDTH).toFixed(1);
    const y = (HEIGHT - 6 - share * (HEIGHT - 12)).toFixed(1);
    return `H${x}V${y}`;
  });
  return `M0,${HEIGHT - 6}${stairs.join('')}H${WIDTH}V${HEIGHT}H0Z`;
}

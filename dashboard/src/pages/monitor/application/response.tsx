/** Response times over a window: half of them, 95 of a hundred, all. The drawing is loaded when it is shown. */
import { span } from 'headway-react/words';
import { useEffect, useRef, useState } from 'react';
import type { ReactElement } from 'react';
import type uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';

import { useRecord } from '../../../records.js';
import { pathOf } from '../asking.js';
import { Note } from '../parts.js';
import { WINDOWS } from '../wire.js';
import type { Bucket, WindowName } from '../wire.js';
import { dateOf, percentWords, saidBy, took } from '../words.js';
import styles from './response.module.css';

const HEIGHT = 200;
const EVERY_MS = 60_000;
const LINES = ['p50', 'p95', 'max'] as const;
const LABELS = { p50: 'half of them', p95: '95 %', max: 'slowest' } as const;
/** Lines differ not by colour alone. */
const DASHES: readonly (readonly number[])[] = [[], [6, 3], [2, 3]];
const WORDS: Readonly<Record<WindowName, string>> = { '1h': '1 hour', '24h': '24 hours', '7d': '7 days', '30d': '30 days', '90d': '90 days' };

export function ResponseTimes({ id }: { readonly id: string }): ReactElement {
  const [window, setWindow] = useState<WindowName>('24h');
  const { data, error } = useRecord<{ readonly buckets?: readonly Bucket[]; readonly series?: readonly Bucket[] }>(`${pathOf('applications', id, 'series')}?window=${window}`, { every: EVERY_MS });
  const buckets = data?.buckets ?? data?.series ?? NONE;
  const measured = buckets.some(({ max }) => max !== null);
  return (
    <figure className={`card ${styles['chart']}`}>
      <figcaption className="card-head">
        <h2>Response times</h2>
        <div className={styles['windows']} role="group" aria-label="Window">
          {WINDOWS.map((one) => (
            <button key={one} type="button" aria-pressed={one === window} title={WORDS[one]} onClick={() => setWindow(one)}>
              {one}
            </button>
          ))}
        </div>
      </figcaption>
      {error !== null && <Note tone="bad">{saidBy(error)}</Note>}
      {measured ? <Drawn buckets={buckets} long={window !== '1h' && window !== '24h'} /> : <div className={styles['frame']}>{data !== undefined && <p className="soft small">Nothing was measured in this window.</p>}</div>}
      <Legend buckets={buckets} window={window} />
    </figure>
  );
}

const NONE: readonly Bucket[] = [];

function Legend({ buckets, window }: { readonly buckets: readonly Bucket[]; readonly window: WindowName }): ReactElement {
  const last = buckets.findLast(({ p50 }) => p50 !== null);
  const most = buckets.reduce<Bucket | undefined>((worst, one) => ((one.max ?? -1) > (worst?.max ?? -1) ? one : worst), undefined);
  const known = buckets.filter(({ up }) => up !== null);
  const up = known.length === 0 ? null : (100 * known.reduce((sum, one) => sum + (one.up ?? 0), 0)) / known.length;
  return (
    <>
      <ul className={styles['legend']}>
        {LINES.map((name, index) => (
          <li key={name}>
            <svg viewBox="0 0 18 6" width="18" height="6" aria-hidden="true" focusable="false">
              <line x1="1" y1="3" x2="17" y2="3" strokeWidth="2.5" strokeDasharray={DASHES[index]?.join(' ')} data-line={index} />
            </svg>
            {LABELS[name]} <b className="numbers">{took(last?.[name])}</b>
          </li>
        ))}
      </ul>
      <p className="unseen">
        In the last {WORDS[window]}: slowest {took(most?.max)}
        {most?.max == null ? '' : ` at ${dateOf(most.time)}`}; up {percentWords(up)} of what is known.
      </p>
    </>
  );
}

function Drawn({ buckets, long }: { readonly buckets: readonly Bucket[]; readonly long: boolean }): ReactElement {
  const frame = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const data = [buckets.map(({ time }) => time), ...LINES.map((name) => buckets.map((bucket) => bucket[name]))] as uPlot.AlignedData;
  const latest = useRef(data);
  latest.current = data;
  const scheme = useScheme();
  useEffect(() => {
    const node = frame.current;
    if (node === null) {
      return undefined;
    }
    let gone = false;
    const resize = new ResizeObserver(() => plot.current?.setSize({ width: node.clientWidth, height: HEIGHT }));
    void import('uplot').then(({ default: Plot }) => {
      if (!gone) {
        plot.current = new Plot(optionsOf(node, long), latest.current, node);
        resize.observe(node);
      }
    });
    return () => {
      gone = true;
      resize.disconnect();
      plot.current?.destroy();
      plot.current = undefined;
    };
  }, [scheme, long]);
  useEffect(() => plot.current?.setData(data), [buckets]);
  return <div className={styles['frame']} ref={frame} aria-hidden="true" />;
}

function optionsOf(node: HTMLElement, long: boolean): uPlot.Options {
  const axis = {
    stroke: resolved(node, 'var(--soft)'),
    grid: { stroke: resolved(node, 'var(--line)'), width: 1 },
    ticks: { show: false },
    font: `12px ${getComputedStyle(node).fontFamily || 'system-ui'}`,
  };
  return {
    width: node.clientWidth,
    height: HEIGHT,
    legend: { show: false },
    cursor: { show: false },
    padding: [8, 24, 0, 0],
    scales: { y: { range: (_, __, most) => [0, Math.max(1, most * 1.1)] } },
    axes: [
      { ...axis, size: 28, space: 76, values: (_, times) => times.map((time) => (long ? day(time) : clock(time))) },
      { ...axis, size: 62, values: (_, values) => values.map((value) => span(value)) },
    ],
    series: [
      {},
      ...LINES.map((_, index) => ({
        stroke: resolved(node, `var(--line-${index})`),
        width: 2,
        dash: [...(DASHES[index] ?? [])],
        // Few measurements are points, since one alone is no line.
        points: { size: 4 },
        spanGaps: false,
      })),
    ],
  };
}

/** What a colour of the stylesheet is here: a canvas knows no `light-dark()`. */
function resolved(node: HTMLElement, colour: string): string {
  const probe = document.createElement('span');
  probe.style.color = colour;
  node.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

/** Light or dark, as the page is now: what a canvas was drawn with does not change by itself. */
function useScheme(): string {
  const [scheme, setScheme] = useState(schemeNow);
  useEffect(() => {
    const look = (): void => setScheme(schemeNow());
    const observer = new MutationObserver(look);
    observer.observe(document.documentElement, { attributeFilter: ['data-mantine-color-scheme'] });
    return () => observer.disconnect();
  }, []);
  return scheme;
}

function schemeNow(): string {
  return document.documentElement.dataset['mantineColorScheme'] ?? 'light';
}

function clock(seconds: number): string {
  const date = new Date(seconds * 1_000);
  return [date.getHours(), date.getMinutes()].map((part) => String(part).padStart(2, '0')).join(':');
}

function day(seconds: number): string {
  const date = new Date(seconds * 1_000);
  return `${date.getDate()} ${date.toLocaleDateString('en', { month: 'short' })}`;
}

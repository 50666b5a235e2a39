/**
 * A chart of lines over time, drawn by uPlot, which is loaded with the first of them. Beside the picture stands what it
 * says now in words, for all who cannot see it, and for whoever wants the number.
 */
import { count } from 'headway-react/words';
import { useEffect, useRef, useState } from 'react';
import type { ReactElement } from 'react';
import type uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';

import styles from './chart.module.css';
import type { Course } from './course.js';

const HEIGHT = 168;
const TENTHS = 10;

export interface Line {
  /** Of the course. */
  readonly name: string;
  readonly label: string;
}

export interface ChartProps {
  readonly title: string;
  readonly course: Course;
  readonly lines: readonly Line[];
  /** What the numbers are of, such as `/s`. */
  readonly unit: string;
  /** What is said while there is no line. */
  readonly empty: string;
}

export function Chart({ title, course, lines, unit, empty }: ChartProps): ReactElement {
  const frame = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const names = lines.map(({ name }) => name).join('\n');
  const data = [course.times, ...lines.map(({ name }) => course.lines[name] ?? [])] as uPlot.AlignedData;
  const latest = useRef(data);
  latest.current = data;
  const scheme = useScheme();
  useEffect(() => {
    const node = frame.current;
    if (node === null || lines.length === 0) {
      return undefined;
    }
    let gone = false;
    const resize = new ResizeObserver(() => plot.current?.setSize({ width: node.clientWidth, height: HEIGHT }));
    void import('uplot').then(({ default: Plot }) => {
      if (!gone) {
        plot.current = new Plot(optionsOf(node, lines), latest.current, node);
        resize.observe(node);
      }
    });
    return () => {
      gone = true;
      resize.disconnect();
      plot.current?.destroy();
      plot.current = undefined;
    };
    // The lines are compared by their names.
  }, [names, scheme]);
  useEffect(() => plot.current?.setData(data), [course, names]);
  return (
    <figure className={`card ${styles['chart']}`}>
      <figcaption>
        <h2>{title}</h2>
      </figcaption>
      <div className={styles['frame']} ref={frame} aria-hidden="true">
        {lines.length === 0 && <p className="soft small">{empty}</p>}
      </div>
      <ul className={styles['legend']}>
        {lines.map(({ name, label }, index) => (
          <li key={name}>
            <svg viewBox="0 0 18 6" width="18" height="6" aria-hidden="true" focusable="false">
              <line x1="1" y1="3" x2="17" y2="3" strokeWidth="2.5" strokeDasharray={DASHES[index % DASHES.length]?.join(' ')} data-line={index % LINES} />
            </svg>
            {label} <b className="numbers">{said(course.lines[name]?.at(-1), unit)}</b>
          </li>
        ))}
      </ul>
    </figure>
  );
}

/** As many colours as the stylesheet has. */
const LINES = 5;
/** Lines differ not by colour alone. */
const DASHES: readonly (readonly number[])[] = [[], [6, 3], [2, 2], [8, 3, 2, 3], [4, 4]];

function optionsOf(node: HTMLElement, lines: readonly Line[]): uPlot.Options {
  const style = getComputedStyle(node);
  const colour = (name: string): string => style.getPropertyValue(name).trim();
  const axis = {
    stroke: resolved(node, 'var(--soft)'),
    grid: { stroke: resolved(node, 'var(--line)'), width: 1 },
    ticks: { show: false },
    font: `12px ${colour('font-family') || 'system-ui'}`,
  };
  return {
    width: node.clientWidth,
    height: HEIGHT,
    legend: { show: false },
    cursor: { show: false },
    padding: [8, 28, 0, 0],
    scales: { y: { range: (_, __, most) => [0, Math.max(1, most * 1.1)] } },
    axes: [
      { ...axis, size: 28, space: 80, values: (_, times) => times.map(clock) },
      { ...axis, size: 46, values: (_, values) => values.map((value) => short(value)) },
    ],
    series: [
      {},
      ...lines.map((_, index) => ({
        stroke: resolved(node, `var(--line-${index % LINES})`),
        width: 2,
        dash: [...(DASHES[index % DASHES.length] ?? [])],
        points: { show: false },
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

function said(value: number | null | undefined, unit: string): string {
  return value === null || value === undefined ? '–' : `${short(value)}${unit}`;
}

function short(value: number): string {
  return value < TENTHS && !Number.isInteger(value) ? value.toFixed(1) : count(value);
}

function clock(seconds: number): string {
  const date = new Date(seconds * 1_000);
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map((part) => String(part).padStart(2, '0')).join(':');
}

/**
 * The course of the figures while the page is open: one point for each look, in rates where the server counts. A server
 * that began anew counts from 0: there the line has a hole, and no dive below it.
 */
import { useEffect, useRef, useState } from 'react';

import type { Figures } from './records.js';

/** Half an hour of looks. */
const KEPT = 900;

export interface Course {
  /** Seconds since 1970. */
  readonly times: readonly number[];
  /** One line for each name, as long as the times; null is a hole. */
  readonly lines: Readonly<Record<string, readonly (number | null)[]>>;
}

/** What a look reads: counters become rates, gauges stay. */
export interface Reading {
  readonly counters: Readonly<Record<string, number>>;
  readonly gauges: Readonly<Record<string, number>>;
}

const NOTHING: Course = { times: [], lines: {} };

export function useCourse(figures: Figures | undefined, at: number): Course {
  const [course, setCourse] = useState(NOTHING);
  const before = useRef<{ readonly at: number; readonly counters: Readonly<Record<string, number>> }>(undefined);
  useEffect(() => {
    if (figures === undefined || before.current?.at === at) {
      return;
    }
    const { counters, gauges } = readingOf(figures);
    const last = before.current;
    before.current = { at, counters };
    const point: Record<string, number | null> = { ...gauges };
    for (const [name, value] of Object.entries(counters)) {
      const grown = last === undefined ? undefined : value - (last.counters[name] ?? 0);
      point[name] = last === undefined || grown === undefined || grown < 0 ? null : grown / ((at - last.at) / 1_000);
    }
    setCourse((known) => withPoint(known, at / 1_000, point));
  }, [figures, at]);
  return course;
}

/** What a course is made of. */
export function readingOf(figures: Figures): Reading {
  const delivered = Object.fromEntries(Object.entries(figures.delivered).map(([name, value]) => [`delivered ${name}`, value]));
  const open = Object.fromEntries(Object.entries(figures.by_transport).map(([name, one]) => [`open ${name}`, one.open]));
  return {
    counters: { ...delivered, recovered: figures.starts['recovered'] ?? 0, gaps: figures.gaps, sent: figures.bytes_sent, received: figures.bytes_received },
    gauges: open,
  };
}

/** The course with one more point, and without what is too old. */
export function withPoint(course: Course, time: number, point: Readonly<Record<string, number | null>>): Course {
  const size = course.times.length;
  const from = Math.max(0, size + 1 - KEPT);
  const names = new Set([...Object.keys(course.lines), ...Object.keys(point)]);
  const lines: Record<string, readonly (number | null)[]> = {};
  for (const name of names) {
    const line = course.lines[name] ?? Array<null>(size).fill(null);
    lines[name] = [...line.slice(from), point[name] ?? null];
  }
  return { times: [...course.times.slice(from), time], lines };
}

/** The doctor in the page: a table of transports, and beneath it what is wrong and what helps. */
import { Button } from '@mantine/core';
import type { HeadwayError } from 'headway-client';
import { Glyph, useHeadway } from 'headway-react';
import type { Tone } from 'headway-react';
import { useEffect, useMemo, useRef, useState } from 'react';
import type { ReactElement } from 'react';

import { useToken } from '../../session.js';
import { Copy } from '../../shell/copy.js';
import { CopyAs } from '../channels/copy-as.js';
import { examine } from './examine.js';
import styles from './examined.module.css';
import { judge, median } from './judgement.js';
import type { Finding, Level, Report, Verdict } from './judgement.js';
import { CHECKS, TITLES } from './observed.js';
import type { Check, Fallbacks, Observed, Trial } from './observed.js';
import { documentOf } from './report.js';

const TONES: Readonly<Record<Level, Tone>> = { note: 'calm', impaired: 'warn', failed: 'bad' };
const VERDICTS: Readonly<Record<Verdict, Tone>> = { good: 'good', impaired: 'warn', unusable: 'bad' };

interface Running {
  readonly step: string;
  readonly now: Check | undefined;
}

export function Examined(): ReactElement {
  const { running, seen, failure, start } = useExamination();
  const report = useMemo(() => (seen === undefined ? undefined : judge(seen)), [seen]);
  const over = running === undefined ? report : undefined;
  return (
    <section className="card" aria-labelledby="transports">
      <div className="card-head">
        <h2 id="transports">Transports</h2>
        <div className={styles['tools']}>
          {over !== undefined && <CopyAs text={() => JSON.stringify(documentOf(over), null, 2)} name="report" />}
          <Button loading={running !== undefined} onClick={() => start(CHECKS)}>
            Test all
          </Button>
        </div>
      </div>
      <p className={styles['verdict']} role="status" data-tone={over === undefined ? 'calm' : VERDICTS[over.verdict]}>
        {failure !== undefined ? failure : running !== undefined ? `${running.step} …` : over === undefined ? 'Nothing has been tested yet. It takes some ten seconds.' : <Verdicted report={over} />}
      </p>
      <table className={styles['table']}>
        <thead>
          <tr>
            <th scope="col">Transport</th>
            <th scope="col">Connect</th>
            <th scope="col">{seen?.trials.some(({ lags }) => lags.length > 0) === false ? 'State' : 'Event'}</th>
            <th scope="col">Round trip</th>
            <th scope="col">Held</th>
            <th scope="col">Result</th>
            <th scope="col">
              <span className="unseen">Test</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {CHECKS.map((check) => (
            <tr key={check}>
              <TrialCells check={check} trial={seen?.trials.find((trial) => trial.check === check)} report={report} running={running} />
              <td>
                <button type="button" className="quiet-button" disabled={running !== undefined} onClick={() => start([check])}>
                  Test<span className="unseen"> {TITLES[check]}</span>
                </button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {over?.observed.fallbacks != null && <FallbackLine fallbacks={over.observed.fallbacks} />}
      {over !== undefined && over.findings.length > 0 && <Findings findings={over.findings} />}
    </section>
  );
}

/** One examination at a time; it ends with the page. */
function useExamination(): {
  readonly running: Running | undefined;
  readonly seen: Observed | undefined;
  readonly failure: string | undefined;
  readonly start: (checks: readonly Check[]) => void;
} {
  const client = useHeadway();
  const token = useToken();
  const [running, setRunning] = useState<Running>();
  const [seen, setSeen] = useState<Observed>();
  const [failure, setFailure] = useState<string>();
  const leaving = useRef<AbortController>(undefined);
  useEffect(() => () => leaving.current?.abort(), []);
  const start = (checks: readonly Check[]): void => {
    const own = new AbortController();
    leaving.current?.abort();
    leaving.current = own;
    setFailure(undefined);
    setRunning({ step: 'beginning', now: undefined });
    const step = (text: string, sofar: Observed, now: Check | undefined): void => {
      if (!own.signal.aborted) {
        setRunning({ step: text, now });
        setSeen(sofar);
      }
    };
    examine({ url: client.url, token, signal: own.signal, checks, client, before: seen, step })
      .then(setSeen)
      .catch((error: HeadwayError) => own.signal.aborted || setFailure(`The test broke off: ${error.message}`))
      .finally(() => own.signal.aborted || setRunning(undefined));
  };
  return { running, seen, failure, start };
}

function Verdicted({ report: { verdict, sentence } }: { readonly report: Report }): ReactElement {
  return (
    <>
      <Glyph tone={VERDICTS[verdict]} /> <b>{sentence}</b>
    </>
  );
}

interface TrialProps {
  readonly check: Check;
  readonly trial: Trial | undefined;
  readonly report: Report | undefined;
  readonly running: Running | undefined;
}

function TrialCells({ check, trial, report, running }: TrialProps): ReactElement {
  const level = report?.levels.get(check) ?? null;
  const codes = report?.findings.filter(({ subject }) => subject === check).map(({ code }) => code.replaceAll('_', ' ')) ?? [];
  const trying = running?.now === check;
  const tone = trying ? 'busy' : trial === undefined ? 'calm' : level === null ? 'good' : TONES[level];
  const word = trying ? 'testing …' : trial === undefined ? 'not tested' : codes.join(', ') || 'works';
  const event = trial === undefined ? null : trial.lags.length > 0 ? median(trial.lags) : trial.missing > 0 ? null : trial.follow;
  return (
    <>
      <th scope="row">{TITLES[check].replace(/^p/, 'P')}</th>
      <Figure name="Connect" seconds={trial?.connect} />
      <Figure name="Event" seconds={event} />
      <Figure name="Round trip" seconds={trial?.ping} />
      <Figure name="Held" seconds={trial?.hold?.held} />
      <td className={styles['result']} data-tone={tone}>
        <Glyph tone={tone} /> {word}
      </td>
    </>
  );
}

function Figure({ name, seconds }: { readonly name: string; readonly seconds: number | null | undefined }): ReactElement {
  return (
    <td className={styles['figure']}>
      <span className={styles['name']} aria-hidden="true">
        {name}
      </span>
      {timeOf(seconds)}
    </td>
  );
}

export function timeOf(seconds: number | null | undefined): string {
  if (seconds == null) {
    return '–';
  }
  return seconds < 0.01 ? `${(seconds * 1_000).toFixed(1)} ms` : seconds < 1 ? `${(seconds * 1_000).toFixed(0)} ms` : `${seconds.toFixed(1)} s`;
}

/** As the command prints it. */
function FallbackLine({ fallbacks: { rungs, published, lost, repeated } }: { readonly fallbacks: Fallbacks }): ReactElement {
  const whole = lost === 0 && repeated === 0;
  return (
    <p className={styles['fallback']}>
      <span className="soft">Fallback</span>{' '}
      {rungs.length === 0 && 'the client came to no transport'}
      {rungs.map(({ transport, after }, index) => (
        <span key={transport} className={styles['rung']}>
          {index > 0 && <span className="soft">→ </span>}
          {TITLES[transport as Check]} <span className="numbers soft">{timeOf(after)}</span>
        </span>
      ))}
      {published > 0 && (
        <span data-tone={whole ? 'good' : 'bad'} className={styles['told']}>
          {published} events, {whole ? 'each told once' : `${lost} lost, ${repeated} told twice`}
        </span>
      )}
    </p>
  );
}

/** Those with the same advice together: what helps one transport often helps another. */
function Findings({ findings }: { readonly findings: readonly Finding[] }): ReactElement {
  const groups = new Map<string, Finding[]>();
  for (const finding of findings) {
    const key = JSON.stringify([finding.code, finding.level, finding.advice, finding.recipe]);
    groups.set(key, [...(groups.get(key) ?? []), finding]);
  }
  return (
    <ul className={styles['findings']} aria-label="Findings">
      {[...groups].map(([key, alike]) => {
        const [{ level, advice, recipe } = { level: 'note' as const, advice: null, recipe: null }] = alike;
        return (
          <li key={key} data-tone={TONES[level]}>
            <Glyph tone={TONES[level]} />
            <div>
              {alike.map(({ subject, sentence }) => (
                <p key={`${subject} ${sentence}`} className={level === 'note' ? undefined : styles['sentence']}>
                  {sentence}
                </p>
              ))}
              {advice !== null && <p className="soft">{advice}</p>}
              {recipe !== null && (
                <figure className={styles['recipe']}>
                  <pre tabIndex={0} aria-label="Lines of a configuration">
                    <code>{recipe}</code>
                  </pre>
                  <Copy text={recipe} label="Copy these lines" />
                </figure>
              )}
            </div>
          </li>
        );
      })}
    </ul>
  );
}

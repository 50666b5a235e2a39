/** Take a transport away underneath a real client, and see what it does. */
import { Button } from '@mantine/core';
import { Glyph, useHeadway } from 'headway-react';
import type { Tone } from 'headway-react';
import { count } from 'headway-react/words';
import { useEffect, useMemo, useState, useSyncExternalStore } from 'react';
import type { ReactElement } from 'react';

import { useSession, useToken } from '../../session.js';
import { newId } from './line.js';
import type { Carrier } from './network.js';
import { channelFor } from './server.js';
import styles from './simulation.module.css';
import { NAMES, RUNGS, Simulator } from './simulator.js';
import type { Simulated, Standing } from './simulator.js';

const STANDINGS: Readonly<Record<Standing, readonly [Tone, string]>> = {
  used: ['good', 'in use'],
  taken: ['bad', 'taken away'],
  tried: ['busy', 'being tried'],
  ready: ['calm', 'ready'],
};

export function Simulation(): ReactElement {
  const client = useHeadway();
  const token = useToken();
  const { me } = useSession();
  const [simulator] = useState(() => new Simulator());
  const shown = useSyncExternalStore(simulator.follow, () => simulator.shown);
  useEffect(() => () => simulator.stop(), [simulator]);
  const place = useMemo(() => channelFor(me.channels, me.publish, newId()), [me]);
  const { running } = shown;
  const start = (): void => {
    // Another one each time, so that it holds nothing of the run before.
    const { channel, publish } = channelFor(me.channels, me.publish, newId());
    if (channel !== null) {
      simulator.start({ client, token, channel, counting: publish });
    }
  };
  return (
    <section className="card" aria-labelledby="simulation">
      <div className="card-head">
        <h2 id="simulation">Simulate a failure</h2>
        <div className={styles['tools']}>
          <span className={styles['status']} role="status" data-tone={toneOf(shown)}>
            <Glyph tone={toneOf(shown)} /> {sayOf(shown)}
          </span>
          <Button variant={running ? 'default' : 'filled'} disabled={place.channel === null} onClick={running ? () => simulator.stop() : start}>
            {running ? 'Stop' : 'Start'}
          </Button>
        </div>
      </div>
      <p className="soft small">
        A second client connects from this page, through a network that fails at the press of a button; the page's own connection is left alone.{' '}
        {place.publish
          ? 'Twenty events in a second are published to a channel of its own and counted, for three minutes at most.'
          : 'You may publish to no channel of your own, so nothing is counted: the silence is the time without a connection.'}
      </p>
      <ol className={styles['rungs']} aria-label="The ladder, the best transport first">
        {RUNGS.map((carrier) => (
          <Rung key={carrier} carrier={carrier} shown={shown} simulator={simulator} />
        ))}
      </ol>
      <div className={styles['tools']}>
        <button type="button" className={styles['action']} disabled={!running} onClick={() => simulator.cut()}>
          Cut what is open
        </button>
        <button type="button" className={styles['action']} disabled={!running || shown.offline} onClick={() => simulator.goOffline()}>
          Go offline
        </button>
        <button type="button" className={styles['action']} disabled={!running} onClick={() => simulator.heal()}>
          Give everything back
        </button>
      </div>
      <Figures shown={shown} counting={place.publish} />
      <ol className={styles['log']} aria-label="What happened, the newest first" tabIndex={0}>
        {shown.lines.length === 0 && <li className="soft">Nothing has happened yet.</li>}
        {shown.lines.map(({ id, at, tone, text }) => (
          <li key={id} data-tone={tone}>
            <span className={styles['at']}>{at.toFixed(2)} s</span>
            <Glyph tone={tone} />
            <span>{text}</span>
          </li>
        ))}
      </ol>
    </section>
  );
}

interface RungProps {
  readonly carrier: Carrier;
  readonly shown: Simulated;
  readonly simulator: Simulator;
}

function Rung({ carrier, shown, simulator }: RungProps): ReactElement {
  const taken = shown.taken.has(carrier);
  const standing: Standing = shown.transport === carrier ? 'used' : taken ? 'taken' : shown.tried.has(carrier) ? 'tried' : 'ready';
  const [tone, word] = STANDINGS[standing];
  return (
    <li className={styles['rung']} data-tone={tone} data-standing={standing}>
      <div>
        <h3>{NAMES[carrier]}</h3>
        <p className={styles['standing']}>
          <Glyph tone={tone} /> {word}
        </p>
      </div>
      <button
        type="button"
        className={styles['action']}
        data-taken={taken}
        disabled={!shown.running}
        onClick={() => (taken ? simulator.give(carrier) : simulator.take(carrier))}
      >
        {taken ? 'Give back' : 'Take away'}
        <span className="unseen"> {NAMES[carrier]}</span>
      </button>
    </li>
  );
}

function Figures({ shown, counting }: { readonly shown: Simulated; readonly counting: boolean }): ReactElement {
  const { published, heard, lost, repeated, moves, silence } = shown;
  const figures: readonly (readonly [string, string, Tone | undefined])[] = [
    ...(counting
      ? ([
          ['Published', count(published), undefined],
          ['Heard', count(heard), undefined],
          ['Lost', count(lost), lost > 0 ? 'bad' : undefined],
          ['Told twice', count(repeated), repeated > 0 ? 'bad' : undefined],
        ] as const)
      : []),
    ['Changes', count(moves), undefined],
    ['Longest silence', silence === undefined ? '–' : `${count(silence)} ms`, undefined],
  ];
  return (
    <dl className={styles['figures']}>
      {figures.map(([label, value, tone]) => (
        <div key={label} data-tone={tone}>
          <dt>{label}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function toneOf({ running, status, offline }: Simulated): Tone {
  return !running ? 'calm' : offline ? 'bad' : status === 'live' || status === 'catching-up' ? 'good' : 'busy';
}

function sayOf({ running, status, transport, offline }: Simulated): string {
  if (!running) {
    return 'not started';
  }
  if (transport !== undefined) {
    return `${status === 'catching-up' ? 'catching up' : status} over ${NAMES[transport]}`;
  }
  return offline ? 'offline' : 'looking for a way';
}

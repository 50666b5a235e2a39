'use client';
import { useEffect } from 'react';
import type { ReactElement } from 'react';

import { classes } from './classes.js';
import { useConnection } from './connection.js';
import type { Connection } from './connection.js';
import type { Notice } from './link.js';
import { count } from './words.js';

export interface ConnectionStatusProps {
  readonly className?: string | undefined;
  /** Whether it says what was caught up on and what was lost (true). */
  readonly notices?: boolean | undefined;
}

type Look = 'live' | 'connecting' | 'catching-up' | 'disconnected';

const WORDS: Readonly<Record<Look, string>> = {
  live: 'Live',
  connecting: 'Connecting…',
  'catching-up': 'Catching up…',
  disconnected: 'Disconnected',
};
const TRANSPORTS: Readonly<Record<string, string>> = {
  socketio: 'Socket.IO',
  websocket: 'WebSocket',
  eventsource: 'Server-Sent Events',
  polling: 'Polling',
  tabs: 'another tab',
};
/** Good news is read in this time, and then in the way. What was lost stays until somebody has seen it. */
const READ_MS = 8_000;

/** Whether the page is live, over what, and what happened: with a button to reconnect where that is of use. */
export function ConnectionStatus({ className, notices = true }: ConnectionStatusProps): ReactElement {
  const connection = useConnection();
  const look = lookOf(connection);
  return (
    <div className={classes('headway headway-connection', className)} data-status={look}>
      <span className="headway-connection-line">
        <span role="status" className="headway-connection-words">
          <span className="headway-lamp" aria-hidden="true" />
          <span className="headway-connection-word">{WORDS[look]}</span>{' '}
          <span className="headway-transport">{over(connection, look)}</span>
        </span>
        {look === 'disconnected' && (
          <button type="button" className="headway-button" onClick={connection.reconnect}>
            Reconnect
          </button>
        )}
      </span>
      {notices && connection.notices.length > 0 && (
        <ul className="headway-notices" aria-label="What happened to the connection">
          {connection.notices.map((notice) => (
            <NoticeLine key={notice.id} notice={notice} dismiss={connection.dismiss} />
          ))}
        </ul>
      )}
    </div>
  );
}

function NoticeLine({ notice, dismiss }: { notice: Notice; dismiss: (id: number) => void }): ReactElement {
  const { id, kind } = notice;
  useEffect(() => {
    if (kind !== 'recovered') {
      return undefined;
    }
    const timer = setTimeout(() => dismiss(id), READ_MS);
    return () => clearTimeout(timer);
  }, [id, kind, dismiss]);
  return (
    <li className="headway-notice" data-kind={kind}>
      <span role={kind === 'gap' ? 'alert' : 'status'}>{tell(notice)}</span>
      <button type="button" className="headway-dismiss" aria-label="Dismiss" onClick={() => dismiss(id)}>
        <span aria-hidden="true">×</span>
      </button>
    </li>
  );
}

function lookOf({ status, disconnected }: Connection): Look {
  return disconnected || status === 'offline' ? 'disconnected' : status;
}

function over({ transport, status, error }: Connection, look: Look): string {
  if (look === 'disconnected') {
    return error?.message ?? (status === 'offline' ? 'this device is offline' : 'trying again');
  }
  return transport === undefined ? '' : (TRANSPORTS[transport] ?? transport);
}

/** A notice in words. */
export function tell(notice: Notice): string {
  if (notice.kind === 'recovered') {
    return notice.updates === 0
      ? 'Reconnected; nothing was missed'
      : `Reconnected; recovered ${count(notice.updates)} ${notice.updates === 1 ? 'update' : 'updates'}`;
  }
  const { lost, channels } = notice;
  const where = channels.length === 1 ? `of ${channels[0]}` : `of ${count(channels.length)} channels`;
  return lost === null
    ? `Updates ${where} may be missing: the server began anew`
    : `${count(lost)} ${lost === 1 ? 'update' : 'updates'} ${where} ${lost === 1 ? 'is' : 'are'} lost: the server no longer holds ${lost === 1 ? 'it' : 'them'}`;
}

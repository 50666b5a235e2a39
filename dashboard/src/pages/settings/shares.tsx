/**
 * Links by which whoever has one watches one channel. What opens a link is shown once, when it is made: the server keeps
 * who made it, of which channel and until when, and by that it can be revoked.
 */
import { Button } from '@mantine/core';
import { useHeadway } from 'headway-react';
import { useId, useState } from 'react';
import type { ReactElement } from 'react';

import { BASE } from '../../address.js';
import { queries, useRecord } from '../../records.js';
import { Copy } from '../../shell/copy.js';
import { tell } from '../../shell/notices.js';
import styles from './page.module.css';
import { Sure } from './sure.js';
import { Explained, PATIENCE_MS, Said, Trouble, dateOf, saidBy } from './words.js';
import type { Outcome } from './words.js';

const PATH = 'api/shares';
const DAY_S = 86_400;
const LONGEST_S = 366 * DAY_S;
const SUGGESTED = 50;

interface Share {
  readonly id: string;
  readonly channel: string;
  readonly by: string | null;
  /** Seconds since 1970. */
  readonly made: number;
  readonly expires: number;
}

interface Made {
  readonly id: string;
  readonly channel: string;
  readonly url: string;
  readonly expires: number;
}

const again = (): void => void queries.invalidateQueries({ queryKey: [PATH] });

export function Shares(): ReactElement {
  const { data, error } = useRecord<{ readonly shares: readonly Share[] }>(PATH, { every: 15_000 });
  const [made, setMade] = useState<Made>();
  if (error?.code === 'not_set_up') {
    return (
      <Explained title="Nobody needs a link here">
        <p>This server has no secret, so there is nothing to sign a link with, and nothing it would open: whoever reaches the server sees every channel.</p>
        <p>Start it with a secret, and links for one channel can be made here:</p>
        <pre tabIndex={0}>{'(umask 077; openssl rand -base64 32 > secret)\nheadway serve --secret-file secret'}</pre>
      </Explained>
    );
  }
  if (error !== null && data === undefined) {
    return <Trouble error={error} />;
  }
  return (
    <div className={styles['stack']}>
      <Make made={made} show={setMade} />
      <List shares={data?.shares} forget={(id) => setMade((now) => (now?.id === id ? undefined : now))} />
    </div>
  );
}

interface MakeProps {
  readonly made: Made | undefined;
  readonly show: (made: Made | undefined) => void;
}

function Make({ made, show }: MakeProps): ReactElement {
  const client = useHeadway();
  const id = useId();
  const [channel, setChannel] = useState('');
  const [until, setUntil] = useState(() => localOf(Date.now() + 7 * DAY_S * 1_000));
  const [outcome, setOutcome] = useState<Outcome>();
  const [busy, setBusy] = useState(false);
  const name = channel.trim();
  const channels = useRecord<{ readonly channels: readonly { readonly channel: string }[] }>(
    `api/channels?${new URLSearchParams({ name, limit: String(SUGGESTED) })}`,
  );
  const make = async (): Promise<void> => {
    const seconds = (Date.parse(until) - Date.now()) / 1_000;
    const mistake = mistakeIn(name, seconds);
    if (mistake !== undefined) {
      setOutcome({ tone: 'bad', text: mistake });
      return;
    }
    setBusy(true);
    setOutcome(undefined);
    try {
      show((await client.command(PATH, { body: { channel: name, seconds: Math.round(seconds) }, patience: PATIENCE_MS })) as Made);
      again();
    } catch (error) {
      show(undefined);
      setOutcome({ tone: 'bad', text: saidBy(error) });
    }
    setBusy(false);
  };
  return (
    <section className="card" aria-labelledby={`${id}title`}>
      <h2 id={`${id}title`}>Share a channel</h2>
      <p className="soft small">Whoever has the link may watch this one channel, live and from its past, and do nothing else. A task’s channel is task: and its id.</p>
      <form
        className={styles['form']}
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          if (!busy) {
            void make();
          }
        }}
      >
        <label className={styles['field']}>
          <span>Channel</span>
          <input list={`${id}channels`} value={channel} maxLength={255} autoComplete="off" spellCheck={false} onChange={(event) => setChannel(event.currentTarget.value)} />
          <datalist id={`${id}channels`}>
            {(channels.data?.channels ?? []).map((one) => (
              <option key={one.channel} value={one.channel} />
            ))}
          </datalist>
        </label>
        <label className={styles['field']}>
          <span>Until</span>
          <input type="datetime-local" value={until} onChange={(event) => setUntil(event.currentTarget.value)} />
        </label>
        <div className={styles['buttons']}>
          <Button type="submit" loading={busy}>
            Make a link
          </Button>
          <Said outcome={outcome} />
        </div>
      </form>
      <div role="status">{made !== undefined && <Shown made={made} />}</div>
    </section>
  );
}

function Shown({ made }: { readonly made: Made }): ReactElement {
  const link = new URL(made.url.replace(/^\//, ''), BASE).href;
  return (
    <div className={styles['made']} data-tone="good">
      <p>
        The link to <b>{made.channel}</b>, until {dateOf(made.expires * 1_000)}. It is shown only now: keep it, or make another.
      </p>
      <div className={styles['link']}>
        <input readOnly aria-label="The link" value={link} onFocus={(event) => event.currentTarget.select()} />
        <Copy text={link} label="Copy the link" />
      </div>
    </div>
  );
}

interface ListProps {
  readonly shares: readonly Share[] | undefined;
  readonly forget: (id: string) => void;
}

function List({ shares, forget }: ListProps): ReactElement {
  const client = useHeadway();
  const revoke = async (share: Share): Promise<void> => {
    try {
      await client.command(`${PATH}/${encodeURIComponent(share.id)}`, { method: 'DELETE', patience: PATIENCE_MS });
      tell({ tone: 'good', title: `The link to ${share.channel} was revoked`, detail: 'Whoever watched by it sees nothing more.' });
      forget(share.id);
    } catch (error) {
      tell({ tone: 'bad', title: 'The link was not revoked', detail: saidBy(error) });
    }
    again();
  };
  return (
    <section className="card" aria-labelledby="links">
      <h2 id="links">Links that count</h2>
      {shares?.length === 0 && <p className="soft">No link counts at the moment.</p>}
      {shares === undefined && <p className="soft">Asking…</p>}
      {shares !== undefined && shares.length > 0 && (
        <div className={styles['scroll']} role="region" aria-label="Links, as a table" tabIndex={0}>
          <table className={styles['table']}>
            <thead>
              <tr>
                <th scope="col">Channel</th>
                <th scope="col">Made by</th>
                <th scope="col">Made</th>
                <th scope="col">Until</th>
                <th scope="col">
                  <span className="unseen">Actions</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {shares.map((share) => (
                <tr key={share.id}>
                  <th scope="row">
                    <code>{share.channel}</code>
                  </th>
                  <td data-label="Made by">{share.by ?? 'a token without a name'}</td>
                  <td data-label="Made" className="numbers">
                    {dateOf(share.made * 1_000)}
                  </td>
                  <td data-label="Until" className="numbers">
                    {dateOf(share.expires * 1_000)}
                  </td>
                  <td className={styles['end']}>
                    <Sure label="Revoke" of={`the link to ${share.channel}`} act={() => revoke(share)} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

function mistakeIn(channel: string, seconds: number): string | undefined {
  if (channel === '') {
    return 'Name the channel to share.';
  }
  if (Number.isNaN(seconds) || seconds < 1) {
    return 'A link ends at a moment that is to come.';
  }
  return seconds > LONGEST_S ? 'A link lasts a year at most.' : undefined;
}

/** As an input of date and time has it: the time of where the page is. */
function localOf(milliseconds: number): string {
  const date = new Date(milliseconds - new Date(milliseconds).getTimezoneOffset() * 60_000);
  return date.toISOString().slice(0, 16);
}

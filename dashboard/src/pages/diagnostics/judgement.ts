/**
 * From what was seen to what it means: findings with advice, and a verdict, in the words of `headway doctor`
 * (src/headway/client/doctor/judgement.py and its neighbours; a test compares them). Pure.
 */
import { LADDER, PATIENCE, SOCKETS, TITLES, nameOf } from './observed.js';
import type { Access, Check, Fallbacks, Observed, ServerSeen, Sizes, Trial, Trouble } from './observed.js';

export type Level = 'note' | 'impaired' | 'failed';
export type Verdict = 'good' | 'impaired' | 'unusable';

export interface Finding {
  readonly code: string;
  readonly level: Level;
  readonly subject: string;
  readonly sentence: string;
  readonly advice: string | null;
  readonly recipe: string | null;
}

export interface Report {
  readonly observed: Observed;
  readonly findings: readonly Finding[];
  /** Of each transport that was tried. Null: it is good. */
  readonly levels: ReadonlyMap<string, Level | null>;
  readonly verdict: Verdict;
  readonly sentence: string;
}

const ORDER: Readonly<Record<Level, number>> = { failed: 0, impaired: 1, note: 2 };
/** Beyond that, times in logs and on pages cannot be compared any more; HTTP tells the time in whole seconds. */
const SKEW = 5 + 1;
/** What ends an open connection sooner ends every one, and is no idle time. */
const SOON = 2;

const PAGE = 'docs/how-to/behind-a-proxy.md';
const UPGRADE = `# nginx, in the location that passes Headway on
proxy_http_version 1.1;
proxy_set_header Upgrade $http_upgrade;
proxy_set_header Connection "upgrade";`;
const BUFFERING = `# nginx, in the location that passes Headway on
proxy_buffering off;
proxy_cache off;
gzip off;`;
const IDLE = `# nginx, in the location that passes Headway on
proxy_read_timeout 60s;
proxy_send_timeout 60s;`;
const LARGE_BODY = `# nginx, in the location that passes Headway on
client_max_body_size 8m;`;
const LONG_ADDRESS = `# nginx, in the server that passes Headway on
large_client_header_buffers 4 16k;`;

export function judge(observed: Observed): Report {
  const found = [
    ...(observed.server === null ? [] : judgeServer(observed.server)),
    ...(observed.access === null ? [] : judgeAccess(observed.access, observed.publishing)),
    ...observed.trials.flatMap((trial) => judgeTransport(trial, observed)),
    ...(observed.fallbacks === null ? [] : judgeFallbacks(observed.fallbacks)),
    ...(observed.sizes === null ? [] : judgeSizes(observed.sizes)),
  ];
  const findings = found.sort((one, other) => ORDER[one.level] - ORDER[other.level]);
  const levels = new Map(observed.trials.map(({ check }) => [check as string, levelOf(check, findings)]));
  const verdict = !usable(observed, levels) ? 'unusable' : findings.some(({ level }) => level !== 'note') ? 'impaired' : 'good';
  return { observed, findings, levels, verdict, sentence: sentenceOf(observed, levels, verdict) };
}

function finding(code: string, level: Level, subject: string, sentence: string, advice: string | null = null, recipe: string | null = null): Finding {
  return { code, level, subject, sentence, advice, recipe };
}

function levelOf(check: Check, findings: readonly Finding[]): Level | null {
  return findings.find(({ subject, level }) => subject === check && level !== 'note')?.level ?? null;
}

function usable({ trials, access, fallbacks }: Observed, levels: ReadonlyMap<string, Level | null>): boolean {
  if (trials.length === 0) {
    return access?.accepted === true && access.channel !== null;
  }
  if (fallbacks !== null && fallbacks.rungs.length === 0) {
    return false;
  }
  const ours = [...levels].filter(([name]) => LADDER.includes(name as Check));
  return (ours.length > 0 ? ours : [...levels]).some(([, level]) => level !== 'failed');
}

function sentenceOf({ trials, fallbacks }: Observed, levels: ReadonlyMap<string, Level | null>, verdict: Verdict): string {
  const of = (test: (level: Level | null) => boolean): Check[] => trials.map(({ check }) => check).filter((check) => test(levels.get(check) ?? null));
  const works = of((level) => level !== 'failed');
  const titles = (checks: readonly Check[]): string => list(checks.map((check) => TITLES[check]));
  if (verdict === 'good') {
    return works.length === 0 ? 'The server answers.' : `All good: ${titles(works)} ${works.length === 1 ? 'works' : 'work'}.`;
  }
  if (verdict === 'impaired' && works.length > 0) {
    const rank = (check: Check): number => Number(!LADDER.includes(check)) * 2 + Number(levels.get(check) !== null);
    const best = [...works].sort((one, other) => rank(one) - rank(other))[0] ?? 'polling';
    const [failed, impaired] = [of((level) => level === 'failed'), of((level) => level === 'impaired')];
    const parts = [
      `The client works, over ${TITLES[best]}.`,
      ...(failed.length > 0 ? [`Does not get through: ${titles(failed)}.`] : []),
      ...(impaired.length > 0 ? [`Impaired: ${titles(impaired)}.`] : []),
    ];
    return parts.length > 1 ? parts.join(' ') : `${parts[0]} Something beside the transports is impaired.`;
  }
  if (verdict === 'impaired') {
    return 'The server answers; something is impaired.';
  }
  if (works.length > 0) {
    return fallbacks === null ? `Unusable: only ${titles(works)} gets through, for stock clients.` : 'Unusable: the client comes to no transport.';
  }
  return trials.length > 0 ? 'Unusable: the server answers, but no transport gets through.' : 'Unusable: no transport could be tried.';
}

function list(names: readonly string[]): string {
  return names.length === 1 ? (names[0] ?? '') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

// The server, and who we are to it.

function judgeServer({ status, headway, healthy, ailing, by, skew, reason }: ServerSeen): Finding[] {
  const who = nameOf(by);
  if (!headway) {
    const signed = who === null ? '' : ` (${who})`;
    if (status === null) {
      const sentence = `The port is open, but an HTTP request is not answered: ${reason ?? 'nothing came'}.`;
      return [finding('no_answer', 'failed', 'server', sentence, 'Something ends HTTP connections to this port; or it is none of HTTP.')];
    }
    if (status === 429) {
      return [tooMany('server', null)];
    }
    if ([502, 503, 504].includes(status)) {
      const sentence = `A proxy${signed} answers ${status}: it finds no server behind it.`;
      return [finding('bad_gateway', 'failed', 'server', sentence, 'Is Headway running, and does the proxy pass on to its port?')];
    }
    const sentence = `What answers here${signed} is not a Headway: HTTP ${status} for /api/health.`;
    return [finding('not_headway', 'failed', 'server', sentence, 'Check host and port, and the path if it is mounted below one, such as https://example.org/live.')];
  }
  const findings: Finding[] = [];
  if (!healthy) {
    const why = ailing.join('; ') || 'it does not say to us why';
    findings.push(
      finding('degraded', 'impaired', 'server', `The server says that it is not well: ${why}.`, 'Its log and GET /api/health say more. Events may not be stored until that is repaired.'),
    );
  }
  if (who !== null) {
    findings.push(finding('proxy', 'note', 'server', `Something stands before the server: its answers are signed ${who}.`));
  }
  if (skew !== null && Math.abs(skew) > SKEW) {
    const sentence = `The server's clock is ${time(Math.abs(skew))} ${skew > 0 ? 'ahead of' : 'behind'} this machine's.`;
    findings.push(finding('clock_differs', 'note', 'server', sentence, "Have both set their clocks by NTP. Tokens expire by the server's; ages on pages are told by both."));
  }
  return findings;
}

function judgeAccess({ given, accepted, channel, fresh, publish }: Access, publishing: string | null): Finding[] {
  if (!accepted) {
    return given
      ? [
          finding(
            'token_refused',
            'failed',
            'token',
            'The server does not take the token: it does not say why (401; on a WebSocket it closes with 4001).',
            "`headway token explain` says what is in it. Expired: have a new one made. Otherwise it was signed with another secret than this server's.",
          ),
        ]
      : [
          finding(
            'token_needed',
            'failed',
            'token',
            'The server wants a token (401; on a WebSocket it closes with 4001).',
            'Give one with --token or HEADWAY_TOKEN. Whoever runs the server makes one with `headway token`.',
          ),
        ];
  }
  if (channel === null) {
    return [finding('nothing_to_read', 'failed', 'token', 'The token is good, but lets you read no channel.', "Have one made that names channels: headway token --channel 'run:*'.")];
  }
  if (!publish) {
    const whose = fresh ? '' : ` Only '${channel}' may be read, and nothing is published to it.`;
    return [
      finding(
        'cannot_publish',
        'note',
        'token',
        `The token does not allow to publish, so instead of an event the first answer, the state, was waited for. Whether streams are held back later cannot be seen.${whose}`,
        'For all of it use a token that may publish to doctor:* and read it.',
      ),
    ];
  }
  return publishing === null
    ? []
    : [
        finding(
          'publish_failed',
          'impaired',
          'network',
          `Publishing over HTTP fails: ${publishing}.`,
          'GET requests come through and POST does not: a box between refuses it, or loses the answers.',
        ),
      ];
}

function tooMany(subject: string, code: string | null): Finding {
  const own = code !== null;
  return finding(
    'too_many',
    'failed',
    subject,
    `${own ? 'The server' : 'Something before the server'} says 429: too many connections or requests.`,
    own
      ? `Behind a proxy, name it in HEADWAY_TRUSTED_PROXIES: without that all people count as one address. See ${PAGE}.`
      : 'Raise the limit of the proxy for this server: people who come back after a restart come all at once.',
  );
}

// Transports.

function judgeTransport(trial: Trial, observed: Observed): Finding[] {
  if (trial.trouble !== null) {
    return [troubled(trial, trial.trouble, observed)];
  }
  return [...judgeStreaming(trial), ...judgeSlow(trial), ...judgeHold(trial)];
}

function troubled({ check }: Trial, trouble: Trouble, observed: Observed): Finding {
  const name = TITLES[check];
  const { kind, status, code, stage, reason } = trouble;
  const failed = (what: string, sentence: string, advice: string, recipe: string | null = null): Finding =>
    finding(what, 'failed', check, `${name}: ${sentence}`, advice, recipe);
  const who = whoOf(trouble, observed);
  if (status === 429) {
    return tooMany(check, code);
  }
  if (code === 'unauthorized') {
    return failed(
      'token_refused',
      `the server does not take the token here (401, 4001): ${reason}.`,
      'Over plain HTTP it did. A proxy that passes Authorization on for some paths only is the usual reason.',
    );
  }
  if (kind === 'closed' || (kind === 'status' && code !== null)) {
    return failed('refused', `the server refuses: ${reason}.`, 'The server says so itself; its log says more.');
  }
  if (kind === 'upgrade') {
    return failed(
      'upgrade_refused',
      'the upgrade does not come through; a browser is not told why. `headway doctor` on this machine says more.',
      `A proxy or firewall lets no WebSocket through. Have it allow them for this host. See ${PAGE}. Until then the client uses another transport by itself.`,
      UPGRADE,
    );
  }
  if (kind === 'status') {
    return failed('status', `${who} answers ${reason} in the server's place.`, 'Have it pass /api/ and /socket.io/ on, whole.');
  }
  if (kind === 'held') {
    return SOCKETS.includes(check)
      ? failed(
          'upgrade_held',
          'the upgrade is not answered, while ordinary answers come through: something waits for the end of an answer that has none.',
          'An antivirus or a proxy takes a WebSocket for a page. Exempt this host there, or use https. The client uses another transport by itself.',
          UPGRADE,
        )
      : failed(
          'buffered',
          `nothing arrives, while answers that end do: ${who} keeps them until they are whole.`,
          `Switch its buffering off for this host. The server asks for that with X-Accel-Buffering: no, which nginx obeys unless proxy_ignore_headers names it. See ${PAGE}.`,
          BUFFERING,
        );
  }
  const when = stage === 'open' ? '' : stage === 'follow' ? ', once they stand' : ' any more, once they have been answered';
  if (kind === 'silent') {
    return failed(
      'silent',
      `connections are taken and never answered${when}.`,
      'A firewall drops what it does not know, without a word; or the way is congested. The client waits 1.5 s for such a transport and then tries the next.',
    );
  }
  if (SOCKETS.includes(check) && stage !== 'open') {
    return failed(
      'reset_after_upgrade',
      `the upgrade is answered, and then the connection is cut: ${reason}.`,
      'A box allows the handshake and kills what follows: it reads HTTP, and finds none. Exempt this host there, or use https, into which it cannot look. The client leaves such a transport by itself.',
    );
  }
  return failed(
    'cut',
    `connections are cut before anything is answered${when}: ${reason}.`,
    'A firewall ends what it does not allow. Have it allow this host, or use https, into which it cannot look.',
  );
}

function whoOf({ by }: Trouble, { server }: Observed): string {
  const named = nameOf(by) ?? (server === null ? null : nameOf(server.by));
  return named === null ? 'a box that does not sign its answers' : `a box that signs as ${named}`;
}

function judgeStreaming(trial: Trial): Finding[] {
  const { check, encoding, missing, lags, together, accelerated } = trial;
  const name = TITLES[check];
  const findings: Finding[] = [];
  if (encoding !== null && check === 'eventsource') {
    findings.push(
      finding(
        'compressed',
        'impaired',
        check,
        `${name}: something on the way compresses the stream (${encoding}), although it says no-transform.`,
        `What compresses waits until it has enough to compress: events come late. Switch compression off for text/event-stream. See ${PAGE}.`,
        BUFFERING,
      ),
    );
  }
  const everywhere = `Switch buffering off for this host in every proxy on the way. See ${PAGE}.`;
  if (missing > 0) {
    const told = lags.length === 0 ? 'none of the events was told' : `${missing} of the events were not told`;
    const sent = accelerated ? " The server's wish, X-Accel-Buffering: no, came through to here, so no box has obeyed it." : '';
    findings.push(
      finding(
        check === 'eventsource' ? 'buffered' : 'events_missing',
        lags.length === 0 ? 'failed' : 'impaired',
        check,
        `${name}: ${told} within ${PATIENCE.event} s: something keeps them back.${sent}`,
        everywhere,
        BUFFERING,
      ),
    );
  } else if (together > 0 && check !== 'polling' && check !== 'socketio-polling') {
    findings.push(
      finding('bundled', 'impaired', check, `${name}: events that were published one by one arrive together: something collects them.`, everywhere, BUFFERING),
    );
  } else if (lags.length > 0 && median(lags) > PATIENCE.lagging + 3 * (trial.ping ?? trial.connect ?? 0)) {
    findings.push(
      finding(
        'late',
        'impaired',
        check,
        `${name}: an event takes ${median(lags).toFixed(1)} s, far more than a round trip: something holds it back.`,
        `Look for buffering or inspection in the proxies on the way. See ${PAGE}.`,
        BUFFERING,
      ),
    );
  }
  return findings;
}

function judgeSlow({ check, ping, connect }: Trial): Finding[] {
  const trips = [
    ['a round trip', ping],
    ['the handshake', connect],
  ] as const;
  const slow = trips.find(([, seconds]) => seconds !== null && seconds >= PATIENCE.slow);
  return slow === undefined
    ? []
    : [
        finding(
          'slow',
          'impaired',
          check,
          `${TITLES[check]}: ${slow[0]} takes ${(slow[1] ?? 0).toFixed(1)} s.`,
          'The line is slow or far, or the server has too much to do: compare with the other transports, and with the time that TCP takes. Nothing is lost by it.',
        ),
      ];
}

function judgeHold({ check, hold, missing, together }: Trial): Finding[] {
  if (hold === null || hold.trouble === null) {
    return [];
  }
  const { held, trouble } = hold;
  const name = TITLES[check];
  if (trouble.kind === 'silent') {
    // What keeps events back keeps back the last one too.
    return missing > 0 || together > 0
      ? []
      : [
          finding(
            'went_silent',
            'failed',
            check,
            `${name}: after ${held.toFixed(1)} s the connection still stands, but nothing comes through any more: it is half open.`,
            'A NAT or a firewall forgets connections. Have it remember them for longer than 60 s. The client notices by its heartbeat after 20 s and comes back to where it was.',
          ),
        ];
  }
  if (trouble.kind === 'closed') {
    return [
      finding(
        'closed',
        'impaired',
        check,
        `${name}: after ${held.toFixed(1)} s the server ended the connection: ${trouble.reason}.`,
        'The server says so itself: a restart, a token that has expired, or too many connections of one user.',
      ),
    ];
  }
  if (held < SOON) {
    return [
      finding(
        'opens_then_dies',
        'failed',
        check,
        `${name}: it opens and answers, and ${held.toFixed(1)} s later it is cut: ${trouble.reason}.`,
        'A box lets connections live only until it has seen what they are. Exempt this host there, or use https. The client leaves such a transport after three of its short lives.',
      ),
    ];
  }
  return [
    finding(
      'idle_cut',
      'impaired',
      check,
      `${name}: a quiet connection is cut after ${held.toFixed(0)} s: ${trouble.reason}.`,
      `The idle time of a proxy is shorter than the server's signs of life: every 15 s on Server-Sent Events, every 25 s elsewhere. Sixty seconds are enough everywhere. See ${PAGE}.`,
      IDLE,
    ),
  ];
}

// Beside them.

function judgeFallbacks({ rungs, expected, published, lost, repeated, reason }: Fallbacks): Finding[] {
  const findings: Finding[] = [];
  if (lost > 0 || repeated > 0) {
    findings.push(
      finding(
        'fallback_lost',
        'failed',
        'fallback',
        `Of ${published} events ${lost} were lost and ${repeated} told twice while the client changed its transport.`,
        'This must never happen. Please report it, with the output of --json.',
      ),
    );
  }
  const why = reason === null ? '' : `: ${reason}`;
  const missed = expected.filter((name) => !rungs.some(({ transport }) => transport === name));
  if (rungs.length === 0) {
    findings.push(
      finding(
        'client_stops',
        'failed',
        'fallback',
        `The client came to no transport at all${why}.`,
        'Where transports work by themselves this must not happen. Please report it, with the output of --json.',
      ),
    );
  } else if (missed.length > 0) {
    findings.push(
      finding(
        'fallback_failed',
        'impaired',
        'fallback',
        `The client did not come to ${list(missed.map((name) => TITLES[name as Check]))}, though it works by itself${why}.`,
        'Run the doctor again. If it stays so, a transport that dies now and then ends in silence.',
      ),
    );
  }
  return findings;
}

function judgeSizes({ address, addressBytes, body, bodyBytes }: Sizes): Finding[] {
  const findings: Finding[] = [];
  if (address !== null) {
    findings.push(
      finding(
        'long_address',
        'impaired',
        'sizes',
        `An address of ${addressBytes} bytes does not come through: ${address.reason}.`,
        `Streams of many channels have such addresses. Raise the proxy's limit for headers. See ${PAGE}.`,
        LONG_ADDRESS,
      ),
    );
  }
  if (body !== null) {
    const who = nameOf(body.by);
    const by = who === null ? '' : `, from ${who}`;
    findings.push(
      finding(
        'large_body',
        'impaired',
        'sizes',
        `A body of ${(bodyBytes / 1e6).toFixed(1)} MB, an event of the greatest size, does not get through: ${body.reason}${by}.`,
        `Raise the proxy's limit for bodies. See ${PAGE}.`,
        LARGE_BODY,
      ),
    );
  }
  return findings;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}

function time(seconds: number): string {
  return seconds < 120 ? `${seconds.toFixed(0)} s` : seconds < 7_200 ? `${(seconds / 60).toFixed(0)} min` : `${(seconds / 3_600).toFixed(0)} h`;
}

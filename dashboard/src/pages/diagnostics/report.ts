/** The report as one JSON object, with the names of `headway doctor --json`; what a browser cannot see is null. */
import type { Report } from './judgement.js';
import type { Trial, Trouble } from './observed.js';

/** Of the document, as the command counts it. */
const FORMAT = 1;

type Fields = Readonly<Record<string, unknown>>;

export function documentOf({ observed, findings, levels, verdict, sentence }: Report): Fields {
  const { way, server, access, fallbacks, sizes } = observed;
  return {
    format: FORMAT,
    url: observed.url,
    time: new Date(observed.began).toISOString().replace(/\.\d+Z$/, 'Z'),
    seconds: rounded(observed.seconds),
    version: server?.version ?? '',
    browser: navigator.userAgent,
    verdict,
    sentence,
    network: {
      host: way.host,
      port: way.port,
      addresses: [],
      dns_seconds: rounded(way.dns),
      tcp_seconds: rounded(way.tcp),
      tls_seconds: rounded(way.tls),
      tls_version: null,
      certificate_days: null,
      proxy: null,
    },
    server: server && {
      status: server.status,
      headway: server.headway,
      healthy: server.healthy,
      version: server.version,
      clock_ahead_seconds: server.skew === null ? null : Math.round(server.skew * 10) / 10,
      answered_by: server.by.server,
      via: server.by.via,
      redirects_to: null,
    },
    token: access && {
      given: access.given,
      accepted: access.accepted,
      user: access.user,
      role: access.role,
      may_publish: access.publish,
      channel: access.channel,
    },
    transports: observed.trials.map((trial) => trialOf(trial, levels.get(trial.check) ?? 'good')),
    fallback: fallbacks && {
      rungs: fallbacks.rungs.map(({ transport, after, told }) => ({ transport, after_seconds: rounded(after), told })),
      published: fallbacks.published,
      lost: fallbacks.lost,
      repeated: fallbacks.repeated,
    },
    sizes: sizes && {
      address_bytes: sizes.addressBytes,
      address_failure: troubleOf(sizes.address),
      body_bytes: sizes.bodyBytes || null,
      body_failure: troubleOf(sizes.body),
    },
    findings,
  };
}

function trialOf({ check, connect, follow, ping, lags, missing, together, hold, encoding, trouble }: Trial, level: string): Fields {
  return {
    name: check,
    level,
    connect_seconds: rounded(connect),
    state_seconds: rounded(follow),
    ping_seconds: rounded(ping),
    event_seconds: lags.map(rounded),
    events_missing: missing,
    events_together: together,
    held_seconds: hold && rounded(hold.held),
    held: hold && hold.trouble === null && hold.proven,
    content_encoding: encoding,
    failure: troubleOf(trouble ?? hold?.trouble ?? null),
  };
}

function troubleOf(trouble: Trouble | null): Fields | null {
  return (
    trouble && {
      kind: trouble.kind,
      stage: trouble.stage,
      reason: trouble.reason,
      status: trouble.status,
      code: trouble.code,
      answered_by: [trouble.by.server, trouble.by.via].filter(Boolean).join(', ') || null,
    }
  );
}

/** To a tenth of a millisecond: the rest is noise. */
function rounded(seconds: number | null): number | null {
  return seconds === null ? null : Math.round(seconds * 10_000) / 10_000;
}

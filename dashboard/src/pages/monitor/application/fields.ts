/** The fields of checks, logins and steps, by kind. Names are those of the definition. */
import type { Spec } from './inputs.js';

const TIMES: readonly Spec[] = [
  { name: 'interval', label: 'Every (seconds)', type: 'number', usual: 60 },
  { name: 'timeout', label: 'Timeout (ms)', type: 'number', usual: 10_000 },
  { name: 'retryAttempts', label: 'Further attempts', type: 'number', usual: 1, hint: 'Before a look counts as failed' },
  { name: 'warnAfter', label: 'Warn above (ms)', type: 'number' },
];
const CONDITIONS: Spec = { name: 'conditions', label: 'Conditions', type: 'lines', wide: true, hint: "One a line, as Gatus has them: [STATUS] == 200, [BODY].status == UP, [RESPONSE_TIME] < 500" };

export const CHECK_KINDS = ['http', 'tcp', 'tls', 'dns', 'push'] as const;
export const CHECK_WORDS: Readonly<Record<string, string>> = { http: 'HTTP', tcp: 'TCP port', tls: 'TLS certificate', dns: 'DNS name', push: 'It tells of itself (push)' };

/** What people set for most. */
export const CHECK_FIELDS: Readonly<Record<string, readonly Spec[]>> = {
  http: [
    { name: 'url', label: 'Address', wide: true, hint: 'https://…; secrets as ${env:HEADWAY_CHECK_…}' },
    { name: 'method', label: 'Method', type: 'choice', options: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'], usual: 'GET' },
    { name: 'expectedStatus', label: 'Expected status', type: 'list', usual: '2xx', hint: '200, 204 or 2xx' },
    ...TIMES,
  ],
  tcp: [{ name: 'host', label: 'Host' }, { name: 'port', label: 'Port', type: 'number' }, ...TIMES],
  tls: [{ name: 'host', label: 'Host' }, { name: 'port', label: 'Port', type: 'number', usual: 443 }, { name: 'certificateDays', label: 'Warn below (days)', type: 'number', usual: 14 }, { name: 'criticalDays', label: 'Error below (days)', type: 'number', usual: 0 }, ...TIMES],
  dns: [
    { name: 'name', label: 'Name' },
    { name: 'type', label: 'Record', type: 'choice', options: ['A', 'AAAA', 'CNAME', 'MX', 'TXT', 'NS'], usual: 'A' },
    { name: 'expected', label: 'Expected values', type: 'lines', hint: 'One a line' },
    ...TIMES,
  ],
  push: [
    { name: 'interval', label: 'Expected every (seconds)', type: 'number', usual: 300 },
    { name: 'grace', label: 'May be late by (seconds)', type: 'number', usual: 60 },
  ],
};

/** The rest. */
export const CHECK_MORE: Readonly<Record<string, readonly Spec[]>> = {
  http: [
    { name: 'headers', label: 'Headers', type: 'pairs', hint: 'Name: value, one a line' },
    { name: 'body', label: 'Body', type: 'json', hint: 'A text, or JSON' },
    { name: 'expectedPattern', label: 'The answer matches', hint: 'A regular expression' },
    { name: 'expectedResponse', label: 'The answer contains', type: 'json', hint: 'A text, or JSON that is part of it' },
    { name: 'expectedPaths', label: 'Values in the answer', type: 'json', hint: '{"$.status": "UP"}' },
    { name: 'certificateDays', label: 'Warn below (days of the certificate)', type: 'number', usual: 14 },
    CONDITIONS,
    { name: 'followRedirects', label: 'Follow redirects', type: 'tick', usual: true },
    { name: 'validateSSL', label: 'Verify the certificate', type: 'tick', usual: true },
  ],
  tcp: [CONDITIONS],
  tls: [{ name: 'serverName', label: 'Asked for and of the name' }, CONDITIONS],
  dns: [{ name: 'exact', label: 'No other values', type: 'tick', usual: false }, { name: 'resolver', label: 'Resolver', hint: 'An address; that of the server, if empty' }, { name: 'resolverPort', label: 'Its port', type: 'number', usual: 53 }, CONDITIONS],
  push: [],
};

export const LOGIN_FIELDS: readonly Spec[] = [
  { name: 'url', label: 'Address of the login page', wide: true },
  { name: 'timeout', label: 'Timeout of all steps (seconds)', type: 'number', usual: 60 },
  { name: 'screenshotOnFailure', label: 'Keep a picture when it fails', type: 'tick', usual: true },
];

export const CREDENTIAL_FIELDS: readonly Spec[] = [
  { name: 'username', label: 'User' },
  { name: 'usernameEnvVar', label: 'or its variable', hint: 'The name of a variable of the server' },
  { name: 'passwordEnvVar', label: 'Variable with the password', hint: 'Its name, such as HEADWAY_LOGIN_PROBE; the password stays with the server' },
  { name: 'passwordFile', label: 'or file with the password', hint: 'In its folder of secrets' },
];

export const CRITERIA_FIELDS: readonly Spec[] = [
  { name: 'urlPattern', label: 'The address matches', hint: 'A regular expression' },
  { name: 'selectors', label: 'These are there', type: 'lines', hint: 'Selectors, one a line' },
  { name: 'textContent', label: 'This can be read', type: 'lines', hint: 'Texts, one a line' },
  { name: 'errorPattern', label: 'A wrong password says', hint: 'A regular expression, where the usual words do not fit' },
  { name: 'customValidation', label: 'This is true', hint: 'An expression of JavaScript' },
  { name: 'timeout', label: 'Within (seconds)', type: 'number', usual: 10 },
];

export const FORM_FIELDS: readonly Spec[] = [
  { name: 'username', label: 'Field of the user', hint: 'Found by itself, if empty' },
  { name: 'password', label: 'Field of the password' },
];

const SELECTOR: Spec = { name: 'selector', label: 'Selector', hint: '#id, text=Sign in, …' };

export const STEP_FIELDS: Readonly<Record<string, readonly Spec[]>> = {
  navigate: [{ name: 'url', label: 'Address', usual: '/login' }],
  click: [SELECTOR],
  type: [SELECTOR, { name: 'text', label: 'Text', hint: '{username} or {password}' }, { name: 'submit', label: 'Enter follows', type: 'tick', usual: false }],
  select: [SELECTOR, { name: 'text', label: 'Option' }],
  check: [SELECTOR],
  uncheck: [SELECTOR],
  hover: [SELECTOR],
  scroll: [{ ...SELECTOR, hint: 'or the text: top, bottom' }, { name: 'text', label: 'To', usual: 'bottom' }],
  wait: [{ name: 'seconds', label: 'Seconds', type: 'number' }],
  waitForNavigation: [{ name: 'urlPattern', label: 'The address matches' }],
  waitForSelector: [SELECTOR, { name: 'gone', label: 'Until it is gone', type: 'tick', usual: false }],
  waitForFunction: [{ name: 'condition', label: 'Until this is true' }],
  screenshot: [],
};

export const STEP_WORDS: Readonly<Record<string, string>> = {
  navigate: 'Go to',
  click: 'Click',
  type: 'Type',
  select: 'Choose',
  check: 'Tick',
  uncheck: 'Untick',
  hover: 'Point at',
  scroll: 'Scroll',
  wait: 'Wait',
  waitForNavigation: 'Wait for a page',
  waitForSelector: 'Wait for an element',
  waitForFunction: 'Wait for a condition',
  screenshot: 'Take a picture',
};

export const STEP_MORE: readonly Spec[] = [
  { name: 'timeout', label: 'Timeout (seconds)', type: 'number' },
  { name: 'description', label: 'Called' },
  { name: 'optional', label: 'May fail', type: 'tick', usual: false },
];

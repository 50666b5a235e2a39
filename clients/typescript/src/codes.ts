// Made by `make docs` from the Python tables. Do not edit.

/** What a client does after a close: come back, get a new token first, or stay away. */
export type Advice = 'reconnect' | 'renew' | 'stop';

/** Close codes of the raw WebSocket, and what to do after each. */
export const CLOSES: Readonly<Record<number, Advice>> = {
  /** NORMAL: The work is done. */
  1000: 'stop',
  /** GOING_AWAY: The page or the server goes away. */
  1001: 'reconnect',
  /** PROTOCOL_ERROR: The frames break the WebSocket protocol. */
  1002: 'reconnect',
  /** UNSUPPORTED_DATA: This connection does not take that kind of frame. */
  1003: 'stop',
  /** ABNORMAL: The connection ended without a close. Never sent. */
  1006: 'reconnect',
  /** INVALID_TEXT: A text frame is not UTF-8, or a compressed one is not deflate. */
  1007: 'reconnect',
  /** POLICY: A rule of the server forbids this connection. */
  1008: 'stop',
  /** TOO_BIG: A message is larger than the server takes. */
  1009: 'stop',
  /** INTERNAL: The server made a mistake. */
  1011: 'reconnect',
  /** RESTART: The server restarts; come back after the delay it named. */
  1012: 'reconnect',
  /** OVERLOADED: The server has too much to do; come back later. */
  1013: 'reconnect',
  /** BAD_TOKEN: The token is missing, invalid or expired. */
  4001: 'renew',
  /** TOO_MANY_ERRORS: The client kept sending messages that make no sense. */
  4002: 'stop',
  /** FORBIDDEN: The token does not cover what was asked. */
  4003: 'stop',
  /** TOO_SLOW: No sign of life within the heartbeat. */
  4008: 'reconnect',
  /** REPLACED: A newer connection of the same user or session took this place. */
  4009: 'stop',
  /** NO_AUTH: No token arrived within the time to authenticate. */
  4010: 'renew',
};

/** Error codes, on every transport, and whether the same can succeed later. */
export const ERRORS = {
  /** 400: The text is not JSON. */
  bad_json: false,
  /** 400: A field is missing, of the wrong kind, or out of its bounds. */
  bad_message: false,
  /** 400: There is no message of this type. */
  unknown_type: false,
  /** 400: A channel name is 1 to 255 visible characters. */
  bad_channel: false,
  /** 400: The position was not made by this server. */
  bad_position: false,
  /** 400: The data uses a name that belongs to the event itself. */
  reserved_field: false,
  /** 400: The event type belongs to the protocol itself. */
  reserved_type: false,
  /** 401: A valid token is needed. */
  unauthorized: false,
  /** 403: The token does not cover this. */
  forbidden: false,
  /** 404: There is nothing here. */
  not_found: false,
  /** 405: This address does not take that method. */
  method_not_allowed: false,
  /** 406: None of the accepted content types is offered. */
  not_acceptable: false,
  /** 408: The request did not arrive in time. */
  timeout: true,
  /** 409: The state does not allow this. */
  conflict: false,
  /** 409: What is in this state cannot become that. */
  illegal_transition: false,
  /** 422: This idempotency key was used for something else. */
  idempotency_conflict: false,
  /** 413: The message is larger than the server takes. */
  too_large: false,
  /** 415: The server does not read this content type. */
  unsupported_media_type: false,
  /** 421: The server does not answer for this host name. */
  misdirected: false,
  /** 429: A limit is reached; wait and try again. */
  too_many: true,
  /** 431: The headers or the address are larger than the server takes. */
  headers_too_large: false,
  /** 500: The server made a mistake. */
  internal: true,
  /** 501: The server was not set up for this. */
  not_set_up: false,
  /** 502: What was asked on your behalf refused, failed or was not reached. */
  upstream: true,
  /** 503: The log cannot take events now; nothing was stored. */
  storage_unavailable: true,
  /** 503: The server has too much to do. */
  overloaded: true,
  /** 503: The server restarts; try again after the delay it named. */
  shutting_down: true,
} as const;

export type ErrorCode = keyof typeof ERRORS;

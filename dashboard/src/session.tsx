/**
 * Who looks at the page: by a cookie that no script can read, by a token that was typed in, or by a share link.
 *
 * A token is in no address, and in no storage. That of a share link is taken out of the address at once and kept in the
 * state of that one entry of the history: a reload keeps it, and it goes with the tab.
 */
import { createContext, use } from 'react';

import { href } from './address.js';

export const ROLES = ['viewer', 'operator', 'admin'] as const;
export type Role = (typeof ROLES)[number];

export interface Me {
  readonly user: string | null;
  readonly role: Role;
  /** Patterns of the channels to read and to publish to. */
  readonly channels: readonly string[];
  readonly publish: readonly string[];
  /** Seconds since 1970. */
  readonly expires: number | null;
  /** The applications that this server has, such as `imports`. */
  readonly apps?: readonly string[];
}

export interface Session {
  readonly me: Me;
  /** Nobody needs to sign in here. */
  readonly open: boolean;
  /** Whether this role is at least that one. */
  readonly may: (role: Role) => boolean;
  /** Whether this channel may be followed. */
  readonly reads: (channel: string) => boolean;
  readonly signOut: () => Promise<void>;
}

export const SessionContext = createContext<Session | undefined>(undefined);

/** The token that was typed in or shared, for who opens another connection. */
export const TokenContext = createContext<string | undefined>(undefined);

/** Undefined where a cookie says who looks, or nobody has to. */
export function useToken(): string | undefined {
  return use(TokenContext);
}

/** Who looks at the page. */
export function useSession(): Session {
  const session = use(SessionContext);
  if (session === undefined) {
    throw new Error('nobody is known here; this component belongs inside the application');
  }
  return session;
}

/** Whether a role is at least another. */
export function covers(role: Role, needed: Role): boolean {
  return ROLES.indexOf(role) >= ROLES.indexOf(needed);
}

/** What `/?channel=…#token=…` says. */
export interface Shared {
  readonly channel: string;
  readonly token: string | undefined;
}

/** Read the address, and take the token out of it. */
export function takeShared(): Shared | undefined {
  const channel = new URLSearchParams(location.search).get('channel');
  if (channel === null || channel === '' || location.pathname !== href('/')) {
    return undefined;
  }
  const given = new URLSearchParams(location.hash.slice(1)).get('token');
  const state = history.state as { readonly token?: unknown } | null;
  const token = given ?? (typeof state?.token === 'string' ? state.token : undefined);
  if (given !== null) {
    history.replaceState({ token: given }, '', location.pathname + location.search);
  }
  return { channel, token };
}

/** The page to sign in, which leads back here. */
export function signInHref(): string {
  const here = location.pathname + location.search + location.hash;
  return href(`/sign-in?${new URLSearchParams({ to: here })}`);
}

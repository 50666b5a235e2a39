'use client';
import { connect } from 'headway-client';
import type { Client, ConnectOptions } from 'headway-client';
import { createContext, useContext, useEffect, useRef, useState } from 'react';
import type { ReactElement, ReactNode, RefObject } from 'react';

const Context = createContext<Client | undefined>(undefined);

export interface GivenClient {
  /** A client of your own; you start and close it. */
  readonly client: Client;
  readonly children?: ReactNode;
}

export interface OwnClient extends Omit<ConnectOptions, 'start'> {
  readonly client?: undefined;
  /** The server's address. Default: where the page comes from. */
  readonly url?: string | URL | undefined;
  readonly children?: ReactNode;
}

export type HeadwayProviderProps = GivenClient | OwnClient;

/**
 * Gives the components in it their client. With `url` it makes one, which holds a connection as long as the provider is
 * mounted. Another `url` or `token` is another client; `getToken` may be a new function each time; other options are
 * read when the client is made.
 */
export function HeadwayProvider(props: HeadwayProviderProps): ReactElement {
  return props.client === undefined ? (
    <OwnProvider {...props} />
  ) : (
    <Context.Provider value={props.client}>{props.children}</Context.Provider>
  );
}

/** The client that the provider above gives. */
export function useHeadway(): Client {
  const client = useContext(Context);
  if (client === undefined) {
    throw new Error('there is no client here; put a <HeadwayProvider> around this component');
  }
  return client;
}

type GetToken = ConnectOptions['getToken'];

interface Made {
  readonly client: Client;
  readonly address: string;
  readonly token: string | undefined;
}

function OwnProvider({ url, children, client: _none, ...options }: OwnClient): ReactElement {
  const getToken = useRef(options.getToken);
  useEffect(() => {
    getToken.current = options.getToken;
  });
  const address = String(url ?? '');
  const [made, remake] = useState(() => make(address, options, getToken));
  let current = made;
  if (made.address !== address || made.token !== options.token) {
    current = make(address, options, getToken);
    remake(current);
  }
  const { client } = current;
  useEffect(() => {
    client.start();
    return () => client.stop();
  }, [client]);
  return <Context.Provider value={client}>{children}</Context.Provider>;
}

/** Make a client that does nothing yet: React may throw it away, and a server only renders. */
function make(address: string, options: ConnectOptions, getToken: RefObject<GetToken>): Made {
  const { token } = options;
  let first = token;
  const client = connect(addressOf(address), {
    ...options,
    // A token that is given together with a way to get others would be watched from the start.
    token: options.getToken === undefined ? token : undefined,
    getToken:
      options.getToken === undefined
        ? undefined
        : async () => {
            const given = first;
            first = undefined;
            return given ?? (await getToken.current?.()) ?? '';
          },
    start: false,
  });
  return { client, address, token };
}

function addressOf(address: string): string | URL | undefined {
  if (typeof location === 'undefined') {
    // Nothing is asked for while a server renders, and it has no address of its own.
    return new URL(address, 'http://localhost');
  }
  return address === '' ? undefined : address;
}

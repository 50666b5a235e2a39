/** What is shown to whom: the application, the page of a share link, or the way in. */
import { MantineProvider } from '@mantine/core';
import { QueryClientProvider } from '@tanstack/react-query';
import { HeadwayProvider } from 'headway-react';
import { Suspense, lazy, useState } from 'react';
import type { ReactElement } from 'react';

import { BASE, href } from './address.js';
import { queries } from './records.js';
import { TokenContext, takeShared } from './session.js';
import { Application } from './shell/application.js';
import { Entrance } from './shell/entrance.js';
import { Fallible } from './shell/fallible.js';
import { Waiting } from './shell/waiting.js';
import { styleNonce, theme } from './theme.js';

const Spectator = lazy(() => import('./pages/spectator/page.js'));
const Status = lazy(() => import('./pages/status/page.js'));

// Read before React renders twice, as it does in development: the token is in the address only once.
const shared = takeShared();
// It is for everybody, so nobody is asked who they are, and no connection is opened.
const everybody = location.pathname === href('/status');

export function Root(): ReactElement {
  return (
    <MantineProvider theme={theme} defaultColorScheme="auto" getStyleNonce={styleNonce}>
      <QueryClientProvider client={queries}>
        <Fallible>
          <Suspense fallback={<Waiting />}>{everybody ? <Status /> : <Known />}</Suspense>
        </Fallible>
      </QueryClientProvider>
    </MantineProvider>
  );
}

/** For who is signed in, or has a share link. */
function Known(): ReactElement {
  const [token, setToken] = useState<string>();
  return (
    <HeadwayProvider url={BASE} token={shared?.token ?? token}>
      <Fallible>
        <Suspense fallback={<Waiting />}>
          {shared === undefined ? (
            <TokenContext value={token}>
              <Entrance onToken={setToken}>
                <Application />
              </Entrance>
            </TokenContext>
          ) : (
            <Spectator channel={shared.channel} />
          )}
        </Suspense>
      </Fallible>
    </HeadwayProvider>
  );
}

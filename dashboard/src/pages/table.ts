/**
 * The table of pages. A page is a folder beside this file whose `page.tsx` has a default export; it is loaded when it is
 * opened. What `needs` says hides it from who may not: the server refuses them anyway.
 */
import { lazy } from 'react';
import type { ComponentType } from 'react';

import type { IconName } from '../icons.js';
import type { Role } from '../session.js';

/** What a page gets: what its path holds where the pattern has a name. */
export interface PageProps {
  readonly params: Readonly<Record<string, string>>;
}

export interface PageEntry {
  /** As `/tasks/:id`. The server has to know it too: `PAGES` in src/headway/server/pages.py. */
  readonly pattern: string;
  readonly title: string;
  readonly needs: Role;
  /** The application of the server that it belongs to, where it is not the server's own. */
  readonly app?: string;
  readonly Page: ComponentType<PageProps>;
  /** The entry of the navigation that leads here, or under which it lies. */
  readonly under: string;
}

export interface Destination {
  readonly path: string;
  readonly title: string;
  readonly icon: IconName;
  readonly needs: Role;
  readonly app?: string;
}

export const PAGES: readonly PageEntry[] = [
  { pattern: '/', title: 'Overview', needs: 'viewer', under: '/', Page: lazy(() => import('./overview/page.js')) },
  { pattern: '/tasks', title: 'Tasks', needs: 'viewer', under: '/', Page: lazy(() => import('./tasks/page.js')) },
  { pattern: '/tasks/:id', title: 'Task', needs: 'viewer', under: '/', Page: lazy(() => import('./task/page.js')) },
  { pattern: '/channels', title: 'Channels', needs: 'viewer', under: '/channels', Page: lazy(() => import('./channels/page.js')) },
  { pattern: '/channels/:channel', title: 'Channel', needs: 'viewer', under: '/channels', Page: lazy(() => import('./channels/page.js')) },
  { pattern: '/imports', title: 'Imports', needs: 'viewer', app: 'imports', under: '/imports', Page: lazy(() => import('./imports/page.js')) },
  { pattern: '/imports/new', title: 'New import', needs: 'operator', app: 'imports', under: '/imports', Page: lazy(() => import('./imports/new/page.js')) },
  { pattern: '/imports/targets', title: 'Targets', needs: 'operator', app: 'imports', under: '/imports', Page: lazy(() => import('./imports/targets/page.js')) },
  { pattern: '/imports/runs/:id', title: 'Run', needs: 'viewer', app: 'imports', under: '/imports', Page: lazy(() => import('./imports/run/page.js')) },
  { pattern: '/monitor', title: 'Monitor', needs: 'viewer', app: 'monitor', under: '/monitor', Page: lazy(() => import('./monitor/page.js')) },
  { pattern: '/monitor/new', title: 'New application', needs: 'admin', app: 'monitor', under: '/monitor', Page: lazy(() => import('./monitor/application/new.js')) },
  { pattern: '/monitor/applications/:id', title: 'Application', needs: 'viewer', app: 'monitor', under: '/monitor', Page: lazy(() => import('./monitor/application/page.js')) },
  { pattern: '/monitor/runs', title: 'Test runs', needs: 'viewer', app: 'monitor', under: '/monitor', Page: lazy(() => import('./monitor/runs/page.js')) },
  { pattern: '/monitor/runs/:id', title: 'Test run', needs: 'viewer', app: 'monitor', under: '/monitor', Page: lazy(() => import('./monitor/run/page.js')) },
  { pattern: '/monitor/settings', title: 'Monitor settings', needs: 'viewer', app: 'monitor', under: '/monitor', Page: lazy(() => import('./monitor/settings/page.js')) },
  // For everybody: the root shows it without asking who looks.
  { pattern: '/status', title: 'Status', needs: 'viewer', app: 'monitor', under: '/monitor', Page: lazy(() => import('./status/page.js')) },
  { pattern: '/connections', title: 'Connections', needs: 'admin', under: '/connections', Page: lazy(() => import('./connections/page.js')) },
  { pattern: '/diagnostics', title: 'Diagnostics', needs: 'viewer', under: '/diagnostics', Page: lazy(() => import('./diagnostics/page.js')) },
  { pattern: '/settings', title: 'Settings', needs: 'viewer', under: '/settings', Page: lazy(() => import('./settings/page.js')) },
];

/** The navigation, in its order. */
export const DESTINATIONS: readonly Destination[] = [
  { path: '/', title: 'Overview', icon: 'overview', needs: 'viewer' },
  { path: '/imports', title: 'Imports', icon: 'imports', needs: 'viewer', app: 'imports' },
  { path: '/channels', title: 'Channels', icon: 'channels', needs: 'viewer' },
  { path: '/monitor', title: 'Monitor', icon: 'monitor', needs: 'viewer', app: 'monitor' },
  { path: '/connections', title: 'Connections', icon: 'connections', needs: 'admin' },
  { path: '/diagnostics', title: 'Diagnostics', icon: 'diagnostics', needs: 'viewer' },
  { path: '/settings', title: 'Settings', icon: 'settings', needs: 'viewer' },
];

import { spawnSync } from 'node:child_process';

import { playwright } from '@vitest/browser-playwright';
import { defineConfig } from 'vitest/config';

import * as commands from './tests/support/commands.js';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'];
const path = NAMES.map((name) => spawnSync('which', [name], { encoding: 'utf8' }).stdout.trim()).find((found) => found);
if (path === undefined) {
  console.log('there is no Chromium, so the tests in a browser are left out; install one and run this again');
}

// A page waits for real networks; two cores share it with a server.
const patience = { testTimeout: 60_000, hookTimeout: 60_000 };

export default defineConfig({
  test: {
    maxWorkers: 1,
    projects: [
      { test: { name: 'node', include: ['tests/node/*.test.{ts,tsx}'], environment: 'node', ...patience } },
      ...(path === undefined
        ? []
        : [
            {
              // Found while the tests run, they would make the page load anew in the middle.
              optimizeDeps: {
                include: ['react', 'react/jsx-runtime', 'react/jsx-dev-runtime', 'react-dom', 'react-dom/client', 'react-dom/server', 'axe-core'],
              },
              test: {
                name: 'browser',
                include: ['tests/browser/*.test.tsx'],
                fileParallelism: false,
                ...patience,
                browser: {
                  enabled: true,
                  headless: true,
                  screenshotFailures: false,
                  viewport: { width: 1000, height: 800 },
                  instances: [{ browser: 'chromium' as const }],
                  provider: playwright({
                    launchOptions: {
                      executablePath: path,
                      args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
                    },
                  }),
                  commands: { ...commands },
                },
              },
            },
          ]),
    ],
  },
});

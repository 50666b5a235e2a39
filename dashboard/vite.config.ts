/**
 * Builds dist/: index.html, and assets/ whose names change with their content.
 *
 * Every address in it is relative, because Headway may be mounted below a path; the server writes `../` before them where
 * a page lies deeper. `HEADWAY_NONCE` in index.html is replaced for each answer.
 */
import { fileURLToPath } from 'node:url';

import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const SERVER = process.env['HEADWAY_URL'] ?? 'http://127.0.0.1:4000';

export default defineConfig({
  base: './',
  html: { cspNonce: 'HEADWAY_NONCE' },
  plugins: [react()],
  resolve: {
    // The clients as they stand in this checkout, not as they were built last.
    alias: [
      { find: /^headway-client$/, replacement: here('../clients/typescript/src/index.ts') },
      { find: /^headway-react$/, replacement: here('../clients/react/src/index.ts') },
      { find: /^headway-react\/words$/, replacement: here('../clients/react/src/words.ts') },
      { find: /^headway-react\/headway\.css$/, replacement: here('../clients/react/src/headway.css') },
    ],
    dedupe: ['react', 'react-dom'],
  },
  build: {
    target: 'es2022',
    // The first browsers with light-dark(), which headway-react uses too: from the spring of 2024.
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
    // A data address would need `data:` in the policy.
    assetsInlineLimit: 0,
    // What is asked for is listed by size.mjs, in a form that can be checked.
    reportCompressedSize: false,
    manifest: true,
  },
  // `npm run dev`: the pages from here, everything else from a server that runs.
  server: { proxy: { '^/(api|socket.io|ws|static|sign-in|openapi.json)': { target: SERVER, ws: true } } },
});

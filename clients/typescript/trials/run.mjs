// Makes one file of main.ts, runs it, and removes it: `node trials/run.mjs --only switching`. It lies beside the helpers of
// the tests meanwhile, which find other files from where they lie.
import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { build } from 'esbuild';

const made = new URL('../tests/support/.trials.mjs', import.meta.url);
process.on('exit', () => rmSync(made, { force: true }));
['SIGINT', 'SIGTERM'].forEach((signal) => process.on(signal, () => process.exit(130)));

await build({
  entryPoints: [fileURLToPath(new URL('main.ts', import.meta.url))],
  outfile: fileURLToPath(made),
  bundle: true,
  packages: 'external',
  platform: 'node',
  format: 'esm',
  target: 'node20',
  logLevel: 'warning',
});
await import(made.href);

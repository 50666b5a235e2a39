/**
 * Makes dist/: modules with types for bundlers (tsc), and one file for pages, as a script and as a module (esbuild).
 *
 * esbuild and not a bundler with plugins: there is nothing to plug in, and it is one package. The size is part of the
 * product, so a page's file that grew beyond it is no build.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { gzipSync } from 'node:zlib';

import { build } from 'esbuild';

const MOST_BYTES = 12 * 1024;

const compiler = createRequire(import.meta.url).resolve('typescript/package.json').replace('package.json', 'bin/tsc');
rmSync('dist', { recursive: true, force: true });
execFileSync(process.execPath, [compiler, '-p', 'tsconfig.build.json'], { stdio: 'inherit' });

for (const [file, format] of [['headway.js', 'iife'], ['headway.mjs', 'esm']]) {
  await build({
    entryPoints: ['src/browser.ts'],
    outfile: `dist/${file}`,
    bundle: true,
    minify: true,
    format,
    ...(format === 'iife' ? { globalName: 'Headway' } : {}),
    target: 'es2022',
    sourcemap: true,
    legalComments: 'none',
    logLevel: 'warning',
  });
  const bytes = gzipSync(readFileSync(`dist/${file}`), { level: 9 }).length;
  console.log(`dist/${file}: ${bytes} bytes gzipped`);
  if (bytes > MOST_BYTES) {
    throw new Error(`dist/${file} is larger than ${MOST_BYTES} bytes gzipped`);
  }
}

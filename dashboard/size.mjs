/**
 * After a build: keep a compressed copy beside each file, and fail where the first page is too large.
 *
 * The first load is what the browser asks for before the overview stands: the entry, what it imports, the same of the
 * overview, and their styles. Other pages are loaded when they are opened.
 */
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

/** Some two seconds on a slow mobile connection (1 Mbit/s); the issue's own bound. */
const MOST = 200_000;
const FIRST = ['index.html', 'src/pages/overview/page.tsx'];

const manifest = JSON.parse(readFileSync('dist/.vite/manifest.json', 'utf8'));
const sizes = new Map();
for (const name of readdirSync('dist/assets')) {
  const packed = gzipSync(readFileSync(`dist/assets/${name}`), { level: 9 });
  writeFileSync(`dist/assets/${name}.gz`, packed);
  sizes.set(`assets/${name}`, packed.length);
}

function filesOf(source, seen) {
  const chunk = manifest[source];
  if (seen.has(source) || chunk === undefined) {
    return [];
  }
  seen.add(source);
  const own = [chunk.file, ...(chunk.css ?? [])];
  return [...own, ...(chunk.imports ?? []).flatMap((one) => filesOf(one, seen))];
}

const seen = new Set();
const first = [...new Set(FIRST.flatMap((source) => filesOf(source, seen)))];
const total = first.reduce((sum, file) => sum + sizes.get(file), 0);
for (const [file, size] of [...sizes].sort((one, other) => other[1] - one[1])) {
  console.log(`${first.includes(file) ? 'first' : '     '} ${String(size).padStart(7)}  ${file}`);
}
console.log(`first load: ${total} bytes gzipped, of at most ${MOST}`);
if (!FIRST.every((source) => source in manifest)) {
  throw new Error(`the build has no ${FIRST.join(' or no ')}; size.mjs names what is loaded first`);
}
if (total > MOST) {
  throw new Error(`the first load is ${total - MOST} bytes too large`);
}

import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['tests/**/*.test.ts'],
    // A test waits for real networks; two cores share it with a server.
    testTimeout: 180_000,
    hookTimeout: 60_000,
    maxWorkers: 1,
    maxConcurrency: 6,
  },
});

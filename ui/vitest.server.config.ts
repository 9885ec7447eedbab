import { defineConfig } from 'vitest/config';

// The portal as a real bellbird-server serves it, in Chromium; see e2e-server/stage.ts.
export default defineConfig({
  test: {
    include: ['e2e-server/**/*.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    maxWorkers: 1,
    reporters: ['dot'],
  },
});

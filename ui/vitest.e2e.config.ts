import { defineConfig } from 'vitest/config';

// The built page in a real Chromium; see e2e/browser.ts.
export default defineConfig({
  test: {
    include: ['e2e/**/*.test.ts'],
    globalSetup: ['e2e/serve.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
    reporters: ['dot'],
  },
});

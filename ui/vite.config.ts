import { readFileSync } from 'node:fs';
import { paraglideVitePlugin } from '@inlang/paraglide-js';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };

export default defineConfig({
  plugins: [
    paraglideVitePlugin({
      project: './project.inlang',
      outdir: './src/paraglide',
      emitTsDeclarations: true,
      strategy: ['globalVariable', 'baseLocale'],
    }),
    svelte(),
  ],
  define: { __APP_VERSION__: JSON.stringify(version) },
  // The desktop shell serves dist from its own origin, so addresses are relative to index.html.
  base: './',
  build: {
    target: 'es2022',
    outDir: 'dist',
    emptyOutDir: true,
    reportCompressedSize: false,
    // Two pages of one code base: the phone's window, and the portal that bellbird-server serves.
    rolldownOptions: { input: ['index.html', 'portal.html'] },
  },
  server: { port: 5173, strictPort: true },
  resolve: process.env['VITEST'] ? { conditions: ['browser'] } : {},
  test: {
    environment: 'happy-dom',
    include: ['src/**/*.test.ts'],
    setupFiles: ['src/testing/setup.ts'],
    restoreMocks: true,
    // Typing letter by letter takes its time on a busy computer.
    testTimeout: 30_000,
  },
});

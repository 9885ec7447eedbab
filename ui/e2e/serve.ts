import { build, preview } from 'vite';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** Where the page with the scripted phone is served. */
    site: string;
  }
}

const outDir = '.e2e/site';

/** Builds the page with the scripted phone inside and serves it on a free port of this computer. */
export default async function serve(project: TestProject): Promise<() => Promise<void>> {
  await build({ mode: 'fake', logLevel: 'error', build: { outDir } });
  const server = await preview({
    logLevel: 'error',
    build: { outDir },
    preview: { port: 0, host: '127.0.0.1', strictPort: false, open: false },
  });
  const site = server.resolvedUrls?.local[0];
  if (!site) throw new Error('the preview server has no address');
  project.provide('site', site);
  return () => server.close();
}

import { cleanup, configure } from '@testing-library/svelte';
import { afterEach } from 'vitest';

// The page as a whole tells nobody why a button was not found.
configure({ getElementError: (message) => new Error(message?.split('\n', 1)[0] ?? '') });
afterEach(cleanup);

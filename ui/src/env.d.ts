/// <reference types="svelte" />
/// <reference types="vite/client" />

/** The version of the program, from package.json. */
declare const __APP_VERSION__: string;

import '../styles/tokens.css';
import '../styles/base.css';
import '../styles/controls.css';
import '../styles/portal.css';
import '../styles/trace.css';
import { mount } from 'svelte';
import { openWire } from './open';
import Portal from './Portal.svelte';
import { Session } from './state/session.svelte';

const session = new Session(await openWire());
mount(Portal, { target: document.querySelector('#app') ?? document.body, props: { session } });

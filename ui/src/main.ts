import './styles/tokens.css';
import './styles/base.css';
import './styles/controls.css';
import './styles/phone.css';
import './styles/server.css';
import './styles/trace.css';
import { mount } from 'svelte';
import App from './App.svelte';
import { openHost } from './host/open';
import { speak } from './i18n/locale.svelte';
import { m } from './paraglide/messages';
import { Phone } from './state/phone.svelte';

const target = document.querySelector('#app') ?? document.body;
const host = await openHost();
if (host) {
  mount(App, { target, props: { phone: await Phone.open(host) } });
} else {
  speak('system');
  target.textContent = m.shell_missing();
}

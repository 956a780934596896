import './design/base.css';
import { mount } from 'svelte';
import App from './App.svelte';
import type { Backend } from './backend/backend';

const target = document.getElementById('app');
if (!target) throw new Error('index.html has no #app');

mount(App, { target, props: { backend: await backend() } });

async function backend(): Promise<Backend> {
  // Left out of the product: the build knows that this is false.
  if (import.meta.env.DEV) return (await import('./backend/dev')).devBackend(location.search);
  return (await import('./backend/tauri')).tauri;
}

import '../design/base.css';
import { mount } from 'svelte';
import { applyTextScale, applyTheme, type ThemeChoice } from '../design/appearance';
import Gallery from './Gallery.svelte';

// What the gallery shows stands in its address: /gallery.html?theme=dark&scale=2&only=Table
const asked = new URLSearchParams(location.search);
applyTheme((asked.get('theme') as ThemeChoice | null) ?? 'system');
applyTextScale(Number(asked.get('scale') ?? '1'));

const target = document.getElementById('app');
if (!target) throw new Error('gallery.html has no #app');

export default mount(Gallery, { target, props: { only: asked.get('only') ?? undefined } });

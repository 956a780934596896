import { fileURLToPath } from 'node:url';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { svelteTesting } from '@testing-library/svelte/vite';
import { defineConfig } from 'vitest/config';

const file = (name: string) => fileURLToPath(new URL(name, import.meta.url));

// The product has one entry. The gallery of all parts is a second one that only `--mode gallery` builds, into its own
// folder, so that nothing of it can reach the window.
export default defineConfig(({ mode }) => {
  const gallery = mode === 'gallery';
  return {
    plugins: [svelte(), svelteTesting()],
    clearScreen: false,
    server: { port: 47150, strictPort: true, host: '127.0.0.1' },
    build: {
      outDir: gallery ? 'dist-gallery' : 'dist',
      emptyOutDir: true,
      // WebKitGTK of Debian 12, WKWebView of macOS 13, WebView2: all know light-dark(), so it must not be rewritten.
      target: ['safari17.5', 'chrome123'],
      modulePreload: { polyfill: false },
      // The content security policy has no `data:` for scripts, styles and fonts.
      assetsInlineLimit: 0,
      rolldownOptions: { input: file(gallery ? 'gallery.html' : 'index.html') },
    },
    test: {
      environment: 'jsdom',
      include: ['src/**/*.test.ts'],
      restoreMocks: true,
    },
  };
});

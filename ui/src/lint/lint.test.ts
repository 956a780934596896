// @vitest-environment node
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, test } from 'vitest';
import { shownInComponent, shownInModule } from './shown';
import { codeWordsIn } from './words';

const files = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .map((name) => name.replaceAll('\\', '/'))
  .filter(
    (name) => /\.(svelte|ts|css)$/.test(name) && !name.endsWith('.test.ts') && !name.startsWith('lint/'),
  );
const code = new Map(files.map((name) => [name, readFileSync(join('src', name), 'utf8')]));

describe('words on the screen', () => {
  // The backend's folder speaks the words of the code, and of what is generated from it.
  const screens = files.filter((name) => !name.endsWith('.css') && !name.startsWith('backend/'));

  test.each(screens)('%s', (name) => {
    const text = code.get(name) ?? '';
    const shown = name.endsWith('.svelte') ? shownInComponent(text) : shownInModule(text);
    const wrong = shown.flatMap(({ text, line }) =>
      codeWordsIn(text).map((word) => `line ${line}: ${word}, in “${text}”`),
    );

    expect(wrong, 'the words of the code stay off the screen (DESIGN, section 2)').toEqual([]);
  });

  test('are found wherever they may stand', () => {
    const component = `<script lang="ts">
        import { ledger } from './the hub';
        const text = 'A word in a script';
        const state = 'not-shown';
      </script>
      <p title="A title">Some text {state === 'not shown here' ? 'One word' : \`Another \${text}\`}</p>
      <Part label="Label" kind="no text" busy={state ? 'busy' : undefined} />
      <style>p { content: 'no text'; }</style>`;

    expect(shownInComponent(component).map(({ text }) => text)).toEqual([
      'A title',
      'Some text',
      'not shown here',
      'One word',
      'Another …',
      'Label',
      'A word in a script',
    ]);
    expect(
      shownInModule(
        "import 'some words';\nconst a = ['two words', 'Label', 'ArrowDown', 'in-lake', `${1} message`]",
      ).map(({ text }) => text),
    ).toEqual(['two words', 'Label', '… message']);
    expect(codeWordsIn('The digest of the Ledger'), 'whatever their case').toHaveLength(2);
    expect(codeWordsIn('a resource, a hubbub, a finder'), 'but not within others').toEqual([]);
  });
});

describe('tiers', () => {
  /** What may use what: a folder sees those named, and itself. */
  const mayUse: Record<string, string[]> = {
    design: [],
    parts: ['design'],
    gallery: ['parts', 'design'],
    // Its twin opens the app without a window.
    backend: ['App.svelte'],
    words: ['parts', 'backend'],
  };

  test.each(files.filter((name) => (name.split('/')[0] ?? '') in mayUse))('%s', (name) => {
    const folder = name.split('/')[0] ?? '';
    const used = importsOf(name).map((path) => path.split('/')[0] ?? '');
    const wrong = used.filter((other) => other !== folder && !mayUse[folder]?.includes(other));

    expect(wrong, `${folder} may use ${mayUse[folder]?.join(', ') || 'nothing'} of ours`).toEqual([]);
  });

  test('only the backend speaks to Tauri', () => {
    const wrong = files.filter(
      (name) => !name.startsWith('backend/') && code.get(name)?.includes('@tauri-apps/'),
    );

    expect(wrong, 'one seam, so that every screen runs without a window').toEqual([]);
  });

  test('the window uses nothing of the gallery', () => {
    const wrong = files.filter(
      (name) => !name.startsWith('gallery/') && importsOf(name).some((path) => path.startsWith('gallery/')),
    );

    expect(wrong).toEqual([]);
  });
});

describe('one visual language', () => {
  const styled = files.filter((name) => name !== 'design/tokens.css' && !name.endsWith('.ts'));

  test.each(styled)('%s', (name) => {
    const text = code.get(name) ?? '';
    const css = name.endsWith('.css') ? text : (/<style>([\s\S]*)<\/style>/.exec(text)?.[1] ?? '');

    expect(css.match(/#[0-9a-f]{3,8}\b|\b(?:rgb|hsl|oklch)a?\(/gi) ?? [], 'colours are tokens').toEqual([]);
    expect(css.match(/font-size:\s*[\d.]+px/g) ?? [], 'text grows with the size of text').toEqual([]);
    expect(css.match(/box-shadow:[^;]*\d+px \d+px \d+px/g) ?? [], 'shadows are tokens').toEqual([]);
    expect(css.match(/@import url|url\(\s*['"]?https?:/g) ?? [], 'nothing is fetched').toEqual([]);
  });
});

/** Paths within src of what a file imports of ours. */
function importsOf(name: string): string[] {
  const found = (code.get(name) ?? '').matchAll(/(?:from|import)\s*\(?\s*['"](\.{1,2}\/[^'"]+)['"]/g);
  return [...found].map(([, path]) => normalize(join(dirname(name), path ?? '')));
}

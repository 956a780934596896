// Photographs the gallery: every chapter in both themes, at 100 % and 200 % text, narrow and wide, and the overlays.
// Usage: node scripts/shots.mjs [FOLDER], after `vite build --mode gallery`.
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openChromium } from './chromium.mjs';
import { serveGallery } from './gallery-server.mjs';

const folder = process.argv[2] ?? mkdtempSync(join(tmpdir(), 'gallery-shots-'));
mkdirSync(folder, { recursive: true });
const chapters = ['Foundations', 'Controls', 'Outcomes', 'Texts', 'Notes', 'Frames', 'Tables', 'LongTable'];
const overlays = ['open-dialog', 'open-wide', 'show-toasts', 'show-drop'];

const server = await serveGallery();
const { page, close } = await openChromium();
try {
  for (const theme of ['light', 'dark']) {
    for (const chapter of chapters) await shoot(`${chapter}-${theme}`, { theme, only: chapter });
    for (const id of overlays) {
      await page.open(address({ theme, only: 'Overlays' }));
      await page.evaluate(`document.getElementById('${id}').click()`);
      await page.evaluate('new Promise((done) => setTimeout(done, 300))');
      save(`Overlays-${id}-${theme}`, await page.picture());
    }
    await page.open(address({ theme, only: 'Controls' }));
    await page.evaluate("document.querySelector('button[aria-label=More]').focus()");
    await page.press('Enter', 'Enter', 13);
    await page.evaluate('new Promise((done) => setTimeout(done, 400))');
    save(`Menu-${theme}`, await page.picture());
  }
  for (const chapter of chapters) {
    await shoot(`${chapter}-large`, { theme: 'light', only: chapter, scale: 2 });
    await shoot(`${chapter}-narrow`, { theme: 'light', only: chapter }, { width: 640, height: 900 });
  }
} finally {
  await close();
  server.close();
}
if (page.faults.length > 0) {
  console.error(`The page complained:\n${page.faults.join('\n')}`);
  process.exitCode = 1;
}
console.log(folder);

async function shoot(name, query, size) {
  await page.open(address(query), size);
  save(name, await page.picture('page'));
}

function save(name, png) {
  writeFileSync(join(folder, `${name}.png`), png);
}

function address(query) {
  return `${server.origin}/gallery.html?${new URLSearchParams(query)}`;
}

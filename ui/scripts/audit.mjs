// Looks for accessibility faults in the gallery with axe-core, in both themes and with each overlay open, and for anything
// that the window's content security policy or its frozen prototypes would refuse. Ends with 1 when it finds any.
// Usage: node scripts/audit.mjs, after `vite build --mode gallery`.
import { readFileSync } from 'node:fs';
import { openChromium } from './chromium.mjs';
import { serveGallery } from './gallery-server.mjs';

const axe = readFileSync(new URL('../node_modules/axe-core/axe.min.js', import.meta.url), 'utf8');
const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const chapters = [
  'Foundations',
  'Controls',
  'Outcomes',
  'Texts',
  'Notes',
  'Frames',
  'Tables',
  'LongTable',
  'Overlays',
];
const overlays = ['open-dialog', 'open-wide', 'show-toasts', 'show-drop'];

const server = await serveGallery();
const { page, close } = await openChromium();
const found = [];
let looked = 0;
try {
  // As `freezePrototype` of the window does before any script of ours.
  await page.ask('Page.addScriptToEvaluateOnNewDocument', { source: 'Object.freeze(Object.prototype)' });
  for (const theme of ['light', 'dark']) {
    for (const chapter of chapters) {
      await open(theme, chapter);
      await look(`${chapter}, ${theme}`);
    }
    for (const id of overlays) {
      await open(theme, 'Overlays');
      await page.evaluate(
        `document.getElementById('${id}').click(), new Promise((done) => setTimeout(done, 300))`,
      );
      await look(`${id}, ${theme}`);
    }
    await open(theme, 'Controls');
    await page.evaluate("document.querySelector('button[aria-label=More]').focus()");
    await page.press('Enter', 'Enter', 13);
    await page.evaluate('new Promise((done) => setTimeout(done, 300))');
    await look(`menu, ${theme}`);
  }
  await open('light', 'Frames', { scale: '2' });
  await look('Frames, text at 200 %');
} finally {
  await close();
  server.close();
}

for (const fault of [...found, ...page.faults]) console.error(fault);
console.log(
  `${looked} views looked at, ${found.length} violations, ${page.faults.length} complaints of the page`,
);
process.exitCode = found.length + page.faults.length > 0 ? 1 : 0;

async function open(theme, only, more = {}) {
  await page.open(`${server.origin}/gallery.html?${new URLSearchParams({ theme, only, ...more })}`);
  await page.evaluate(axe);
}

async function look(where) {
  // The gallery shows several banners at once; a window has one.
  const options = {
    runOnly: tags,
    rules: {
      'landmark-no-duplicate-banner': { enabled: false },
      'landmark-banner-is-top-level': { enabled: false },
      // An open menu stands above the page and belongs to the button that opened it, not to a landmark.
      region: { enabled: !where.startsWith('menu') },
    },
  };
  const violations = await page.evaluate(
    `axe.run(document, ${JSON.stringify(options)}).then(({ violations }) => violations.map(({ id, help, nodes }) =>
      id + ': ' + help + nodes.slice(0, 4).map(({ html, failureSummary }) => '\\n    ' + html.slice(0, 220) + ' :: ' + failureSummary.replaceAll('\\n', ' ')).join('')))`,
  );
  looked += 1;
  for (const violation of violations) found.push(`${where}: ${violation}`);
}

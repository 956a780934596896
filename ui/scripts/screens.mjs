// Opens every screen in every state over the backend's twin, in both themes and at several sizes: photographs it, looks for
// accessibility faults with axe-core, for anything wider than the window, and for whatever the page complains about. Ends with
// 1 when it finds any. Usage: node scripts/screens.mjs [FOLDER] [PART OF A NAME]
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer } from 'vite';
import { openChromium } from './chromium.mjs';

const submission = ['Submit', 'a[href="#submission"]'];
/** Name, scenario of the twin, and what is pressed on the way: words that a control begins with, or a selector. */
const views = [
  ['first start', 'first-start'],
  ['overview failing', 'overview-failing'],
  ['lake starting', 'lake-starting'],
  ['lake failed', 'lake-failed'],
  ['signed out', 'signed-out'],
  ['signed out, real lake', 'signed-out-real'],
  ['signing in', 'signing-in'],
  ['signing in without a browser', 'signing-in-no-browser'],
  ['sign-in refused', 'sign-in-refused'],
  ['no keyring', 'no-keyring'],
  ['sign-in service unreached', 'unreached'],
  ['locked', 'locked'],
  ['locked, looking through', 'locked-looking-through'],
  ['locked, unlocking', 'locked-unlocking'],
  ['nothing yet', 'empty'],
  ['today', 'today'],
  ['today, counting', 'today-loading'],
  ['today, failing', 'today-failing'],
  ['today, huge', 'today-huge'],
  ['today, may not read', 'writer'],
  ['today, no rights', 'forbidden'],
  ['session in memory', 'memory-session'],
  ['menu', 'today', 'menu'],
  ['shortcuts', 'today', 'menu', 'Keyboard shortcuts'],
  ['choose a lake', 'today', 'menu', 'Choose another lake'],
  ['submit', 'today', 'Submit'],
  ['submit, may not send', 'reader', 'Submit'],
  ['submit, nothing yet', 'empty', 'Submit'],
  ['looking through', 'looking-through', ...submission],
  ['review', 'review', ...submission],
  ['review, nothing', 'review-nothing', ...submission],
  ['review, may not send', 'reader', ...submission],
  ['sending', 'sending', ...submission],
  ['sending, details', 'sending', ...submission, 'tr[data-index="5"]'],
  ['sending, history', 'sending', ...submission, 'tr[data-index="5"]', 'Show its history'],
  ['sending, narrowed to nothing', 'sending', ...submission, '.entry[data-tone=bad]'],
  ['sending, without a message', 'sending', ...submission, 'Without a message'],
  ['sending, cancel', 'sending', ...submission, 'Cancel'],
  ['paused', 'paused', ...submission],
  ['another program sends', 'another-program', ...submission],
  ['waits for sign-in', 'waits-for-sign-in', ...submission],
  ['waits for its lake', 'waits-for-its-lake', ...submission],
  ['waits for another sender', 'waits-for-another-sender', ...submission],
  ['waits for lake', 'waits-for-lake', ...submission],
  ['waits for computer', 'waits-for-computer', ...submission],
  ['checking', 'checking', ...submission],
  ['ended', 'ended', ...submission],
  ['ended, may not read', 'writer', ...submission],
  ['cancelled', 'cancelled', ...submission],
  ['files not taken up', 'begin-failing', 'Submit', 'Choose files'],
  ['today, waits for its lake', 'waits-for-its-lake'],
  ['today, waits for another sender', 'waits-for-another-sender'],
  ['submission failing', 'submission-failing', ...submission],
  ['huge', 'huge', ...submission],
  ['messages', 'today', 'Messages'],
  ['messages, details', 'today', 'Messages', 'tr[data-index="5"]'],
  ['messages, loading', 'messages-loading', 'Messages'],
  ['messages, failing', 'messages-failing', 'Messages'],
  ['messages, may not read', 'writer', 'Messages'],
  ['messages, none', 'empty', 'Messages'],
  ['settings', 'today', 'Settings'],
  ['settings, this computer', 'today', 'Settings', 'This computer'],
  ['settings, diagnostics', 'today', 'Settings', 'Diagnostics'],
  ['settings, about', 'today', 'Settings', 'About'],
  ['settings, forget', 'today', 'Settings', 'Forget'],
];

/** Every view in both themes as small as a laptop's window; those that differ elsewhere at other sizes too. */
const looks = [
  { name: 'light', theme: 'light', width: 1024, height: 700 },
  { name: 'dark', theme: 'dark', width: 1024, height: 700 },
  { name: 'wide', theme: 'light', width: 1920, height: 1080 },
  { name: 'wide-dark', theme: 'dark', width: 1920, height: 1080 },
  { name: 'least', theme: 'light', width: 720, height: 520 },
  { name: 'large-text', theme: 'light', width: 1280, height: 800, scale: '2' },
];

const axe = readFileSync(new URL('../node_modules/axe-core/axe.min.js', import.meta.url), 'utf8');
const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const folder = process.argv[2] ?? mkdtempSync(join(tmpdir(), 'screens-'));
const part = process.argv[3] ?? '';
mkdirSync(folder, { recursive: true });

// A port of its own, and no watching: what is looked at stands still.
const server = await createServer({
  root: new URL('..', import.meta.url).pathname,
  logLevel: 'error',
  server: { port: 0, strictPort: false, hmr: false, watch: null },
});
await server.listen();
const { port } = server.httpServer.address();
const { page, close } = await openChromium();
const found = [];
let looked = 0;
try {
  // As `freezePrototype` of the window does before any script of ours.
  await page.ask('Page.addScriptToEvaluateOnNewDocument', { source: 'Object.freeze(Object.prototype)' });
  for (const [name, scenario, ...presses] of views.filter(([name]) => name.includes(part))) {
    for (const look of looks) await lookAt(name, scenario, presses, look);
  }
} finally {
  await close();
  await server.close();
}
for (const fault of [...found, ...page.faults]) console.error(fault);
console.log(
  `${looked} views in ${folder}, ${found.length} faults, ${page.faults.length} complaints of the page`,
);
process.exitCode = found.length + page.faults.length > 0 ? 1 : 0;

async function lookAt(name, scenario, presses, { name: look, theme, width, height, scale }) {
  const where = `${name}, ${look}`;
  await page.ask('Emulation.setEmulatedMedia', {
    features: [
      { name: 'prefers-color-scheme', value: theme },
      { name: 'prefers-reduced-motion', value: 'reduce' },
    ],
  });
  await page.open(`http://127.0.0.1:${port}/?scenario=${scenario}&still`, { width, height });
  if (scale) await page.evaluate(`document.documentElement.style.setProperty('--text-scale', '${scale}')`);
  await settled();
  for (const press of presses) {
    const hit = await page.evaluate(`(${pressIn})(${JSON.stringify(press)})`);
    if (press === 'menu') await page.press('Enter', 'Enter', 13);
    if (!hit) found.push(`${where}: nothing to press for “${press}”`);
    await settled();
  }
  writeFileSync(join(folder, `${name} - ${look}.png`.replaceAll(' ', '_')), await page.picture());
  await page.evaluate(axe);
  const faults = await page.evaluate(`(${faultsIn})(${JSON.stringify(tags)})`);
  looked += 1;
  for (const fault of faults) found.push(`${where}: ${fault}`);
}

/** Until nothing has changed on the page for a moment. */
function settled() {
  return page.evaluate(`new Promise((done) => {
    let timer = setTimeout(done, 120);
    const observer = new MutationObserver(() => { clearTimeout(timer); timer = setTimeout(done, 120); });
    observer.observe(document.body, { subtree: true, childList: true, characterData: true });
    setTimeout(done, 3000);
  })`);
}

/** Runs in the page. */
function pressIn(words) {
  if (words === 'menu') {
    document.querySelector('header.banner button')?.focus();
    return true;
  }
  const bySelector = /[.[\]#]/.test(words) ? document.querySelector(words) : null;
  const controls = [...document.querySelectorAll('a, button, [role=tab], [role=menuitem]')].reverse();
  const hit =
    bySelector ??
    controls.find((control) =>
      (control.getAttribute('aria-label') ?? control.textContent).trim().startsWith(words),
    );
  hit?.click();
  return hit !== undefined && hit !== null;
}

/** Runs in the page. */
async function faultsIn(tags) {
  const { violations } = await globalThis.axe.run(document, { runOnly: tags });
  const faults = violations.map(
    ({ id, help, nodes }) =>
      `${id}: ${help}` +
      nodes
        .slice(0, 4)
        .map(
          ({ html, failureSummary }) =>
            `\n    ${html.slice(0, 200)} :: ${failureSummary.replaceAll('\n', ' ')}`,
        )
        .join(''),
  );
  const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  if (wide > 0) faults.push(`the page is ${wide} pixels wider than the window`);
  const main = document.querySelector('main');
  const over = main ? main.scrollWidth - main.clientWidth : 0;
  if (over > 0) faults.push(`the screen is ${over} pixels wider than its place`);
  return faults;
}

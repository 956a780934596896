// Measures frames of the long tables in the gallery while they are scrolled fast, and looks that no part of a table is left
// empty. Prints one line a run; ends with 1 when the 95th percentile of a run reaches 33 ms.
// Usage: node scripts/frames.mjs, after `vite build --mode gallery`.
import { openChromium } from './chromium.mjs';
import { serveGallery } from './gallery-server.mjs';

const limit = 33;
const runs = [
  { name: 'fling, 1,500 px a frame', table: 'LongTable', move: 'scroller.scrollTop += 1500' },
  { name: 'wheel, 120 px a frame', table: 'LongTable', move: 'scroller.scrollTop += 120' },
  {
    name: 'thumb dragged anywhere',
    table: 'LongTable',
    move: 'scroller.scrollTop = Math.random() * scroller.scrollHeight',
  },
  {
    name: 'fling while all rows change',
    table: 'LongTable',
    move: 'scroller.scrollTop += 1500; if (frame % 6 === 0) changeTable()',
  },
  { name: 'fling, text at 200 %', table: 'LongTable', move: 'scroller.scrollTop += 1500', scale: '2' },
  {
    name: 'thumb dragged over 3,000,000 rows',
    table: 'LongestTable',
    move: 'scroller.scrollTop = Math.random() * scroller.scrollHeight',
  },
];

/** Runs in the page: moves the table in each of 180 frames; the gaps between frames, rows in the document, and empty views. */
const measure = (table, move) => `new Promise((done) => {
  const scroller = document.querySelector('#${table} .scroller');
  const gaps = [];
  let before = performance.now(), frame = 0, rows = 0, empty = 0;
  const step = (now) => {
    gaps.push(now - before);
    before = now;
    rows = Math.max(rows, scroller.querySelectorAll('tr').length);
    const box = scroller.getBoundingClientRect();
    const middle = document.elementFromPoint(box.left + 100, box.top + box.height / 2);
    if (!middle?.closest('tr[data-index]')) empty += 1;
    frame += 1;
    if (frame > 180) return done({ gaps: gaps.slice(1), rows, empty });
    ${move};
    requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
})`;

const server = await serveGallery();
const { page, close } = await openChromium();
try {
  for (const { name, table, move, scale = '1' } of runs) {
    const query = new URLSearchParams({ theme: 'light', only: table, scale });
    await page.open(`${server.origin}/gallery.html?${query}`);
    const { gaps, rows, empty } = await page.evaluate(measure(table, move));
    gaps.sort((a, b) => a - b);
    const at = (share) => gaps[Math.floor((gaps.length - 1) * share)].toFixed(1);
    console.log(
      `${name}: p50 ${at(0.5)} ms, p95 ${at(0.95)} ms, worst ${at(1)} ms; ${rows} rows drawn; ${empty} empty views`,
    );
    if (Number(at(0.95)) >= limit || rows >= 100 || empty > 0) process.exitCode = 1;
  }
} finally {
  await close();
  server.close();
}

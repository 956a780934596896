// @vitest-environment node
import { describe, expect, test } from 'vitest';
import { bodyHeight, drawnRows, rowsInView, scrollTo, tallest, windowAt, type Geometry } from './windowing';

const short: Geometry = { total: 5, row: 32, viewport: 640 };
const long: Geometry = { total: 100_000, row: 32, viewport: 640 };
const longest: Geometry = { total: 3_000_000, row: 32, viewport: 640 };
const large: Geometry = { total: 100_000, row: 64, viewport: 640 };

/** What can be seen of the rows when scrolled to `scrollTop`: the first and the last, by where they are drawn. */
function seen(geometry: Geometry, scrollTop: number): { first: number; last: number } {
  const { start, before } = windowAt(geometry, scrollTop);
  const at = (pixels: number) => start + Math.floor((pixels - before) / geometry.row);
  return { first: at(scrollTop), last: at(scrollTop + geometry.viewport - 1) };
}

describe.each([
  ['100,000 rows', long],
  ['rows at 200 % text', large],
  ['more rows than an engine can draw', longest],
])('%s', (_, geometry) => {
  const bottom = bodyHeight(geometry) - geometry.viewport;
  const places = [
    0,
    1,
    31,
    32,
    33,
    127,
    128,
    1_000,
    99_999,
    bottom / 3,
    bottom / 2,
    bottom - 33,
    bottom - 1,
    bottom,
  ];

  test.each(places.map(Math.floor))('scrolled by %i, the view is full of rows', (scrollTop) => {
    const { start, end } = windowAt(geometry, scrollTop);
    const { first, last } = seen(geometry, scrollTop);

    expect(first, 'nothing is empty at the top').toBeGreaterThanOrEqual(start);
    expect(last, 'nothing is empty at the bottom').toBeLessThan(end);
    expect(start, 'no row before the first').toBeGreaterThanOrEqual(0);
    expect(end, 'no row after the last').toBeLessThanOrEqual(geometry.total);
    expect(end - start, 'the same number of rows everywhere, so that elements are used again').toBe(
      drawnRows(geometry),
    );
    expect(end - start, 'fewer than 100 rows are drawn').toBeLessThan(97);
  });

  test.each(places.map(Math.floor))('scrolled by %i, the body keeps its height', (scrollTop) => {
    const { start, end, before, after } = windowAt(geometry, scrollTop);
    const height = before + (end - start) * geometry.row + after;

    expect(height, 'the scroll bar does not jump').toBe(bodyHeight(geometry));
  });

  test('the ends can be reached', () => {
    expect(seen(geometry, 0).first, 'the first row').toBe(0);
    expect(seen(geometry, bottom).last, 'the last row').toBe(geometry.total - 1);
  });

  test.each([0, 1, 19, 20, 21, 54_321, geometry.total - 1])('row %i is brought into view whole', (index) => {
    for (const from of [0, Math.floor(bottom / 2), bottom]) {
      const scrollTop = Math.min(bottom, scrollTo(geometry, index, from));
      const { start, before } = windowAt(geometry, scrollTop);
      const top = before + (index - start) * geometry.row;

      expect(top, `not cut at the top, from ${from}`).toBeGreaterThanOrEqual(scrollTop);
      expect(top + geometry.row, `not cut at the bottom, from ${from}`).toBeLessThanOrEqual(
        scrollTop + geometry.viewport,
      );
    }
  });
});

test('a short table is drawn whole and keeps no room', () => {
  expect(windowAt(short, 0)).toEqual({ start: 0, end: 5, before: 0, after: 0, first: 0 });
  expect(windowAt({ ...short, total: 0 }, 0)).toEqual({ start: 0, end: 0, before: 0, after: 0, first: 0 });
});

test('a row that can be seen is not moved', () => {
  expect(scrollTo(long, 5, 100), 'row 5 is in view').toBe(100);
});

test('moving by less than a stride keeps the window', () => {
  const { start } = windowAt(long, 10_000 * 32);
  const steps = [1, 2, 3].map((row) => windowAt(long, (10_000 + row) * 32).start);

  expect(new Set([start, ...steps]).size, 'at most two windows within four rows').toBeLessThanOrEqual(2);
});

test('more than can be drawn is scaled, less is not', () => {
  expect(bodyHeight(long), '100,000 rows at their own height').toBe(3_200_000);
  expect(bodyHeight(longest), 'three million rows are not').toBe(tallest);
});

test('a very tall window still draws fewer than 100 rows', () => {
  expect(drawnRows({ total: 100_000, row: 32, viewport: 2_880 }), 'a screen of 2,880 pixels').toBeLessThan(
    97,
  );
});

test('a step of the page keys is what can be seen, and never nothing', () => {
  expect(rowsInView(long)).toBe(20);
  expect(rowsInView({ ...long, viewport: 10 }), 'a window of hardly a row').toBe(1);
});

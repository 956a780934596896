// @vitest-environment node
import { expect, test } from 'vitest';
import { remainder, widths } from './balance';

test('the remainder is what the parts leave of the total', () => {
  expect(remainder(10, [{ count: 7 }, { count: 3 }]), 'they add up').toBe(0);
  expect(remainder(10, [{ count: 7 }]), 'some are missing').toBe(3);
  expect(remainder(10, [{ count: 7 }, { count: 5 }]), 'some are counted twice').toBe(-2);
  expect(remainder(0, []), 'nothing of nothing').toBe(0);
});

test.each([
  [[1, 1]],
  [[99_999, 1]],
  [[1, 99_999, 1, 1]],
  [[18_220]],
  [[500_000, 4_000, 1]],
  [Array.from({ length: 200 }, () => 1)],
])('the widths of %j fill the bar, none too narrow to be seen', (counts: number[]) => {
  const found = widths(counts);
  const sum = found.reduce((all, width) => all + width, 0);

  expect(sum, 'together the whole bar').toBeCloseTo(100);
  expect(Math.min(...found), 'the least is seen, or all are equal').toBeGreaterThanOrEqual(
    Math.min(0.8, 100 / counts.length) - 1e-9,
  );
});

test('wide parts keep their proportion', () => {
  const [one, two] = widths([60_000, 30_000, 1]);

  expect((one ?? 0) / (two ?? 1), 'two to one').toBeCloseTo(2);
  expect(widths([0, 0]), 'nothing is drawn of nothing').toEqual([0, 0]);
});

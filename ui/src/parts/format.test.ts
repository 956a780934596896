// @vitest-environment node
import { expect, test } from 'vitest';
import { count, counted, duration, share, size } from './format';

test('numbers are grouped, and one is one', () => {
  expect(count(18_220)).toBe('18,220');
  expect(counted(1, 'message')).toBe('1 message');
  expect(counted(0, 'message')).toBe('0 messages');
  expect(counted(2, 'entry', 'entries')).toBe('2 entries');
});

test.each([
  [0, '0 bytes'],
  [1, '1 byte'],
  [999, '999 bytes'],
  [1_000, '1 kB'],
  [1_340, '1.3 kB'],
  [9_960, '10 kB'],
  [999_499, '999 kB'],
  [999_500, '1 MB'],
  [4_194_304, '4.2 MB'],
  [5_000_000_000_000_000, '5,000 TB'],
])('%i bytes are %s', (bytes, words) => {
  expect(size(bytes)).toBe(words);
});

test.each([
  [0.2, 'less than a second'],
  [1, '1 second'],
  [59.4, '59 seconds'],
  [59.6, '1 min'],
  [200, '3 min 20 s'],
  [7_500, '2 h 5 min'],
  [300_000, '3 days'],
  [Number.POSITIVE_INFINITY, 'unknown'],
  [-1, 'unknown'],
])('%d seconds are %s', (seconds, words) => {
  expect(duration(seconds)).toBe(words);
});

test.each([
  [0, 10, '0 %'],
  [1, 100_000, '<1 %'],
  [37, 100, '37 %'],
  [99_999, 100_000, '>99 %'],
  [10, 10, '100 %'],
  [1, 0, '0 %'],
])('%i of %i is %s', (part, all, words) => {
  expect(share(part, all), 'never nothing of something, never all of less').toBe(words);
});

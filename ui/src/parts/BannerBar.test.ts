import { render } from '@testing-library/svelte';
import { expect, test } from 'vitest';
import BannerBar from './BannerBar.svelte';
import { rightsInWords } from './rights';

test.each([
  ['riverside', 'riverside', 'riverside', 'You may read and send'],
  ['riverside', undefined, 'riverside', 'You may read, not send'],
  [null, 'riverside', 'riverside', 'You may send, not read'],
  ['north', 'riverside', undefined, 'Reads north, sends for riverside'],
  [undefined, undefined, undefined, 'No rights: you may not read or send'],
  ['', '', undefined, 'No rights: you may not read or send'],
])('reading %s and sending for %s', (reads, writes, institution, words) => {
  const rights = rightsInWords(reads, writes);

  expect(rights.institution, 'whose data').toBe(institution);
  expect(rights.words, 'what may be done').toBe(words);
});

test.each([
  [{ lake: { kind: 'practice', name: 'Mine' }, reads: 'a', writes: 'a' }, 'Practice lake'],
  [{ lake: { kind: 'real', name: 'Mine' }, reads: 'a', writes: 'a' }, 'Real lake'],
  [{ lake: { kind: 'real', name: 'Mine' }, signed: 'out' }, 'Not signed in'],
  [{ lake: undefined }, 'Not connected to a lake'],
] as const)('%j is said in words', (props, words) => {
  const { container } = render(BannerBar, props);

  expect(container.textContent).toContain(words);
});

test('signed out, nothing is said of rights', () => {
  const { container } = render(BannerBar, { lake: { kind: 'real', name: 'Mine' }, signed: 'out' });

  expect(container.textContent).not.toContain('rights');
});

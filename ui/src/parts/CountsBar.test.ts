import { fireEvent, render, screen } from '@testing-library/svelte';
import { expect, test, vi } from 'vitest';
import CountsBar from './CountsBar.svelte';

test('a sum that adds up says what it is made of, and nothing else', () => {
  render(CountsBar, {
    label: 'messages found',
    total: 18_220,
    parts: [
      { status: 'in-lake', count: 18_000 },
      { status: 'duplicate', count: 220 },
      { status: 'denied', count: 0 },
    ],
  });

  expect(
    screen.getByRole('img', { name: '18,220 messages found: 18,000 In the lake, 220 Duplicate' }),
  ).toBeTruthy();
  expect(screen.getAllByRole('listitem').length, 'a part of 0 is said too').toBe(3);
  expect(document.body.textContent).not.toContain('not accounted for');
});

test.each([
  [100, 90, '10', 'not accounted for'],
  [100, 110, '10', 'counted twice'],
])('of %i found and %i told, %s are %s', (total, told, number, words) => {
  render(CountsBar, { label: 'messages found', total, parts: [{ status: 'in-lake', count: told }] });
  const rest = screen.getAllByRole('listitem').at(-1);

  expect(rest?.textContent, 'what does not add up is shown, not hidden').toContain(words);
  expect(rest?.textContent).toContain(number);
});

test('a part is a filter that is on or off', async () => {
  const onpick = vi.fn();
  const props = {
    label: 'messages found',
    total: 3,
    parts: [
      { status: 'in-lake' as const, count: 1 },
      { status: 'denied' as const, count: 2 },
    ],
    onpick,
  };
  const { rerender } = render(CountsBar, props);
  await fireEvent.click(screen.getByRole('button', { name: /Denied/ }));
  expect(onpick).toHaveBeenLastCalledWith('denied');

  await rerender({ picked: 'denied' });
  expect(screen.getByRole('button', { name: /Denied/ }).getAttribute('aria-pressed')).toBe('true');
  await fireEvent.click(screen.getByRole('button', { name: /Denied/ }));
  expect(onpick, 'and off again').toHaveBeenLastCalledWith(undefined);
});

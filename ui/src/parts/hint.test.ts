import { fireEvent, render, screen } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import IconButton from './IconButton.svelte';
import Truncated from './Truncated.svelte';

beforeEach(() => void vi.useFakeTimers({ shouldAdvanceTime: true }));
afterEach(() => vi.useRealTimers());

function tooltip(): string | null {
  return screen.queryByRole('tooltip')?.textContent ?? null;
}

test('it comes when the pointer rests, and goes when it leaves', async () => {
  render(IconButton, { icon: 'refresh', label: 'Read again' });
  await fireEvent.pointerEnter(screen.getByRole('button'));
  expect(tooltip(), 'not at once').toBeNull();

  vi.advanceTimersByTime(400);
  expect(tooltip()).toBe('Read again');
  await fireEvent.pointerLeave(screen.getByRole('button'));
  vi.advanceTimersByTime(150);
  expect(tooltip()).toBeNull();
});

test('the pointer may move onto it', async () => {
  render(IconButton, { icon: 'refresh', label: 'Read again' });
  await fireEvent.pointerEnter(screen.getByRole('button'));
  vi.advanceTimersByTime(400);
  await fireEvent.pointerLeave(screen.getByRole('button'));
  await fireEvent.pointerEnter(screen.getByRole('tooltip'));
  vi.advanceTimersByTime(1_000);

  expect(tooltip(), 'it stays while it is pointed at').toBe('Read again');
  await fireEvent.pointerLeave(screen.getByRole('tooltip'));
  expect(tooltip()).toBeNull();
});

test('the keyboard sees it too, and Escape takes away nothing else', async () => {
  const user = userEvent.setup({ advanceTimers: vi.advanceTimersByTime.bind(vi) });
  const behind = vi.fn();
  document.body.addEventListener('keydown', behind);
  render(IconButton, { icon: 'refresh', label: 'Read again' });
  await user.tab();
  expect(tooltip()).toBe('Read again');
  behind.mockClear();

  await user.keyboard('{Escape}');
  expect(tooltip()).toBeNull();
  expect(behind, 'a dialog behind it stays open').not.toHaveBeenCalled();
  document.body.removeEventListener('keydown', behind);
});

test('text that is not cut has none', async () => {
  render(Truncated, { text: 'short.hl7' });
  await fireEvent.pointerEnter(screen.getByText('short.hl7'));
  vi.advanceTimersByTime(400);

  expect(tooltip()).toBeNull();
});

test('it goes with what it belonged to', async () => {
  const { unmount } = render(IconButton, { icon: 'refresh', label: 'Read again' });
  await fireEvent.pointerEnter(screen.getByRole('button'));
  vi.advanceTimersByTime(400);
  unmount();
  await Promise.resolve();

  expect(tooltip()).toBeNull();
});

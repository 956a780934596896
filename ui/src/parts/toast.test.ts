import { render, screen } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { flushSync } from 'svelte';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { toast, toasts } from './toast.svelte';
import Toasts from './Toasts.svelte';

beforeEach(() => void vi.useFakeTimers({ shouldAdvanceTime: true }));
afterEach(() => {
  for (const { id } of toasts.shown) toasts.hide(id);
  vi.useRealTimers();
});

function pass(milliseconds: number) {
  vi.advanceTimersByTime(milliseconds);
  flushSync();
}

test('news goes away by itself, what can be acted on does not', () => {
  render(Toasts);
  toast('Copied');
  toast('Could not be sent', { tone: 'attention', action: { label: 'Show', onclick: () => {} } });
  pass(60_000);

  expect(screen.queryByText('Copied')).toBeNull();
  expect(screen.getByText('Could not be sent'), 'no one has to be quick').toBeTruthy();
});

test('nothing goes away while the pointer is there', () => {
  toast('Copied');
  toasts.pause();
  pass(60_000);
  expect(toasts.shown).toHaveLength(1);

  toasts.resume();
  pass(60_000);
  expect(toasts.shown).toHaveLength(0);
});

test('the act is done once, and the news is gone', async () => {
  const user = userEvent.setup({ advanceTimers: vi.advanceTimersByTime.bind(vi) });
  const onclick = vi.fn();
  render(Toasts);
  toast('Could not be sent', { action: { label: 'Show', onclick } });
  flushSync();
  await user.click(screen.getByRole('button', { name: 'Show' }));

  expect(onclick).toHaveBeenCalledOnce();
  expect(screen.queryByText('Could not be sent')).toBeNull();
});

test('at most three at once: the oldest makes room', () => {
  for (const text of ['one', 'two', 'three', 'four']) toast(text);

  expect(toasts.shown.map(({ text }) => text)).toEqual(['two', 'three', 'four']);
});

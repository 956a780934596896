import { render, screen } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { expect, test, vi } from 'vitest';
import { announcements } from './announce.svelte';
import CopyText from './CopyText.svelte';
import { shortened } from './shorten';

const fingerprint = '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08';

test('a long text keeps both ends, a short one is left alone', () => {
  expect(shortened(fingerprint, 20)).toBe('9f86d08188…5b0f00a08');
  expect(shortened(fingerprint, 64), 'it fits').toBe(fingerprint);
  expect([...shortened('🏥🏥🏥🏥🏥', 4)], 'no half characters').toEqual(['🏥', '🏥', '…', '🏥']);
});

test('what is copied is the whole text, and it is said', async () => {
  const write = vi.fn().mockResolvedValue(true);
  render(CopyText, { text: fingerprint, what: 'fingerprint', write });
  await userEvent.click(screen.getByRole('button', { name: 'Copy fingerprint' }));

  expect(write).toHaveBeenCalledExactlyOnceWith(fingerprint);
  expect(screen.getByRole('button', { name: 'Copied' }), 'the button says so').toBeTruthy();
  expect(announcements.polite.text, 'and the reader').toBe('Copied fingerprint');
});

test('where copying is refused, the whole text is there to be selected', async () => {
  render(CopyText, { text: fingerprint, write: () => Promise.resolve(false) });
  await userEvent.click(screen.getByRole('button', { name: 'Copy text' }));

  expect(screen.getByText(fingerprint), 'nothing is left out').toBeTruthy();
  expect(screen.getByRole('button', { name: 'Could not be copied' })).toBeTruthy();
});

test('the whole text is shown on demand, and hidden again', async () => {
  render(CopyText, { text: fingerprint });
  const more = screen.getByRole('button', { expanded: false });
  await userEvent.click(more);
  expect(screen.getByText(fingerprint)).toBeTruthy();

  await userEvent.click(screen.getByRole('button', { expanded: true }));
  expect(screen.queryByText(fingerprint)).toBeNull();
});

test('a short text needs no button to be read', () => {
  render(CopyText, { text: 'MSG00001', what: 'control id' });

  expect(screen.getAllByRole('button').map((button) => button.getAttribute('aria-label'))).toEqual([
    'Copy control id',
  ]);
});

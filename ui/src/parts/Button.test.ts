import { render, screen } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { createRawSnippet } from 'svelte';
import { expect, test, vi } from 'vitest';
import Button from './Button.svelte';

const children = createRawSnippet(() => ({ render: () => '<span>Send</span>' }));

test('while busy it says so, keeps the focus and does nothing', async () => {
  const onclick = vi.fn();
  const { rerender } = render(Button, { children, onclick });
  await userEvent.click(screen.getByRole('button', { name: 'Send' }));
  expect(onclick).toHaveBeenCalledOnce();

  await rerender({ busy: 'Sending 412 of 18,220' });
  const button = screen.getByRole('button', { name: 'Sending 412 of 18,220' });
  await userEvent.click(button);
  expect(onclick, 'not again').toHaveBeenCalledOnce();
  expect(document.activeElement, 'the focus is not lost').toBe(button);
  expect(button.getAttribute('aria-disabled')).toBe('true');
});

test('with an address it is a link', () => {
  render(Button, { children, href: '#messages' });

  expect(screen.getByRole('link', { name: 'Send' }).getAttribute('href')).toBe('#messages');
});

import { screen, waitFor, within } from '@testing-library/svelte';
import { expect, test } from 'vitest';
import { open } from '../../backend/twin/open';

test('what is chosen is kept at once', async () => {
  const window = await open('today');
  await window.visit('Settings');
  await window.user.click(await screen.findByRole('tab', { name: 'This computer' }));
  await window.user.click(await screen.findByRole('radio', { name: /Dark/ }));
  await waitFor(() => expect(document.documentElement.dataset['theme'], 'the window is dark').toBe('dark'));
  await window.user.selectOptions(screen.getByLabelText(/Lock the screen/), 'Never');
  await window.user.selectOptions(screen.getByLabelText('Size of text'), '150 %');
  await waitFor(() =>
    expect(window.asked('saveSettings').at(-1), 'all of it was kept').toEqual([
      { theme: 'dark', idleLockMinutes: null, textScale: 150 },
    ]),
  );
  expect(document.documentElement.style.getPropertyValue('--text-scale'), 'the text has grown').toBe('1.5');
});

test('a lake is forgotten only after a second yes', async () => {
  const window = await open('today');
  await window.visit('Settings');
  await window.press('Forget Northfield Health Network');
  const dialog = await screen.findByRole('dialog', { name: /Forget Northfield/ });
  await window.user.click(within(dialog).getByRole('button', { name: 'Keep it' }));
  expect(window.asked('forgetLake'), 'it is kept').toEqual([]);
  await window.press('Forget Northfield Health Network');
  await window.user.click(
    within(await screen.findByRole('dialog')).getByRole('button', { name: 'Forget it' }),
  );
  await waitFor(() => expect(window.asked('forgetLake'), 'it is forgotten').toEqual([['northfield']]));
});

test('diagnostics are shown before they are saved', async () => {
  const window = await open('today');
  await window.visit('Settings');
  await window.user.click(await screen.findByRole('tab', { name: 'Diagnostics' }));
  await screen.findByText(/keyring: usable/);
  await window.press('Save');
  await screen.findByText('Saved as lake-steward-diagnostics.txt');
});

test('About tells version, licence, what is known and what is never kept', async () => {
  const window = await open('today');
  await window.press('dana.okafor');
  await window.user.click(await screen.findByText('About Lake Steward'));
  await screen.findByText('0.1.0');
  await screen.findByText('What is never kept on this computer');
});

test('settings can be reached before the sign-in, and left again', async () => {
  const window = await open('no-keyring');
  await window.press('See diagnostics');
  await screen.findByText(/keyring: usable/);
  await window.press('Back to the sign-in');
  await window.heading('Sign in to the practice lake');
});

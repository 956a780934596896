import { screen, waitFor } from '@testing-library/svelte';
import { expect, test } from 'vitest';
import { open } from '../backend/twin/open';

test('files dropped while nobody is signed in are kept and go on after the sign-in', async () => {
  const window = await open('signed-out');
  window.twin.drop(12);
  await screen.findByText(/12 files kept/);
  expect(window.asked('beginSubmission'), 'nothing begins yet').toEqual([]);
  await window.press('Sign in');
  await window.heading('Sign in in your browser');
  window.twin.completeSignIn();
  await window.heading('Looking through your files');
  expect(window.asked('beginSubmission'), 'the kept files go on').toEqual([[101]]);
});

test('several lots of files that were kept are offered one by one', async () => {
  const window = await open('signed-out');
  window.twin.drop(12);
  window.twin.drop(1);
  await screen.findByText(/13 files kept/);
  await window.press('Sign in');
  window.twin.completeSignIn();
  await window.heading('Submit');
  await screen.findByText('1 file or folder kept for you');
  const offers = await screen.findAllByRole('button', { name: 'Look through them' });
  expect(offers.length, 'each is offered').toBe(2);
  await window.user.click(offers[0] as HTMLElement);
  await window.heading('Looking through your files');
  expect(window.asked('beginSubmission'), 'the first one begins').toEqual([[101]]);
});

test('files dropped on any screen are looked through at once by who is signed in', async () => {
  const window = await open('today');
  await window.visit('Settings');
  window.twin.drop(3);
  await window.heading('Looking through your files');
});

test('files held over the window: it says what will happen', async () => {
  const signedIn = await open('today');
  signedIn.twin.hover(3);
  await screen.findByText('Let go to look through 3 files and folders');
  signedIn.twin.hover(0);
  await waitFor(() => expect(screen.queryByText(/Let go/), 'they left').toBeNull());
});

test('a dropped file that describes a lake is looked at, not submitted', async () => {
  const window = await open('signed-out');
  window.twin.drop(1, 'describes-a-lake');
  await window.heading('Is this the right lake?');
  expect(window.asked('beginSubmission'), 'it is no submission').toEqual([]);
  await window.press('Use this lake');
  await window.heading('Sign in to Northfield Health Network');
});

test('keys lead to the screens, choose files and show themselves', async () => {
  const window = await open('today');
  await window.user.keyboard('{Control>}3{/Control}');
  await window.heading('Messages');
  await window.user.keyboard('{Control>}4{/Control}');
  await window.heading('Settings');
  await window.user.keyboard('{Control>}1{/Control}');
  await window.heading('Today');
  await window.user.keyboard('?');
  await screen.findByRole('dialog', { name: 'Keyboard shortcuts' });
  await window.user.keyboard('{Escape}');
  await waitFor(() => expect(screen.queryByRole('dialog'), 'Escape closes it').toBeNull());
  await window.user.keyboard('{Control>}o{/Control}');
  await window.heading('Looking through your files');
});

test('keys do nothing before the sign-in', async () => {
  const window = await open('signed-out');
  await window.user.keyboard('{Control>}3{/Control}{Control>}o{/Control}');
  await window.heading('Sign in to the practice lake');
  expect(window.asked('chooseFiles'), 'no files are asked for').toEqual([]);
});

test('a new screen takes the focus to its heading', async () => {
  const window = await open('today');
  await window.visit('Messages');
  const heading = await window.heading('Messages');
  await waitFor(() => expect(document.activeElement, 'the focus is at the heading').toBe(heading));
});

test('a locked screen shows nothing of the lake and how far the sending is', async () => {
  const window = await open('locked');
  await window.heading('Locked');
  const bar = await screen.findByRole('progressbar');
  expect(bar.getAttribute('aria-valuenow'), 'as far as it is').toBe('6204');
  expect(screen.queryByRole('navigation'), 'there is no way to the screens').toBeNull();
  expect(screen.queryByText('riverside'), 'the institution is not shown').toBeNull();
});

test('locking hides the screen at once, unlocking brings it back', async () => {
  const window = await open('today');
  await window.visit('Messages');
  await window.twin.backend.lock();
  await window.heading('Locked');
  expect(screen.queryByText('EPIC RIVERSIDE'), 'no row is left').toBeNull();
  await window.press('Unlock by signing in');
  window.twin.completeSignIn();
  await window.heading('Messages');
});

test('the steward’s activity is told, and not at every move', async () => {
  const window = await open('today');
  await window.user.click(await window.heading('Today'));
  await window.user.keyboard('abc');
  await waitFor(() => expect(window.asked('touched').length, 'once for all of it').toBe(1));
});

test('signing out leads to the sign-in page, and the next one begins at Today', async () => {
  const window = await open('today');
  await window.visit('Messages');
  await window.press('dana.okafor');
  await window.user.click(await screen.findByText('Sign out'));
  await window.heading('Sign in to Northfield Health Network');
  await window.press('Sign in');
  window.twin.completeSignIn();
  await window.heading('Today');
});

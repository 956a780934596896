import { screen } from '@testing-library/svelte';
import { expect, test } from 'vitest';
import { open } from '../../backend/twin/open';

test('where the sign-in service did not answer it is asked again, and no browser opens', async () => {
  const window = await open('unreached');
  await screen.findByText('The sign-in service does not answer');
  await screen.findByText(/asked again by itself every 15 seconds/);
  await window.press('Try again');
  await window.heading('Today');
  expect(window.asked('startLakeAgain').length, 'it was asked again').toBe(1);
  expect(window.asked('signIn'), 'no sign-in was begun').toEqual([]);
});

test('where the sign-in service did not answer one can still sign in by hand', async () => {
  const window = await open('unreached');
  await window.press('Sign in');
  await window.heading('Sign in in your browser');
  window.twin.completeSignIn();
  await window.heading('Today');
});

test('as soon as the sign-in service answers the window goes on by itself', async () => {
  const window = await open('unreached');
  window.twin.reach();
  await window.heading('Today');
});

test('where nobody is signed in for certain, nothing is said of asking again', async () => {
  const window = await open('out-of-reach');
  expect(screen.queryByText(/asked again by itself/), 'it is not').toBeNull();
  await window.press('Try again');
  await window.heading('Sign in in your browser');
});

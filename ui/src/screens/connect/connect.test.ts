import { screen } from '@testing-library/svelte';
import { expect, test } from 'vitest';
import { open } from '../../backend/twin/open';

test('one press practises on this computer', async () => {
  const window = await open('first-start');
  await window.press('Practise on this computer');
  await window.heading('Sign in to the practice lake');
  expect(window.asked('practise').length, 'the practice lake was started').toBe(1);
});

test('a lake at an address is shown before it is used', async () => {
  const window = await open('first-start');
  await window.user.type(
    await screen.findByLabelText(/Address of the lake/),
    'https://lake.northfield.example',
  );
  await window.press('Look at this lake');
  await window.heading('Is this the right lake?');
  expect(screen.getByText('auth.northfield.example'), 'where one signs in').toBeTruthy();
  expect(screen.getByText('lake.northfield.example'), 'where one sends').toBeTruthy();
  expect(window.asked('acceptLake'), 'nothing is accepted yet').toEqual([]);
  await window.press('Use this lake');
  await window.heading('Sign in to Northfield Health Network');
  expect(window.asked('acceptLake'), 'then it is').toEqual([[1]]);
});

test('what changed about a lake is told before it is used', async () => {
  const window = await open('offer-changed');
  await window.user.type(
    await screen.findByLabelText(/Address of the lake/),
    'lake.northfield.example{Enter}',
  );
  await window.heading('This lake has changed');
  await screen.findByText(/before it was auth\.northfield\.example/);
  await window.press('Do not use it');
  await window.heading('Welcome to Lake Steward');
});

test('why an address will not do stands beneath it', async () => {
  const window = await open('address-refused');
  const field = await screen.findByLabelText(/Address of the lake/);
  await window.user.type(field, 'www.example.org{Enter}');
  await screen.findByText(/No lake answers there/);
  expect(field.getAttribute('aria-invalid'), 'the field is marked').toBe('true');
});

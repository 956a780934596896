import { screen, waitFor, within } from '@testing-library/svelte';
import { expect, test } from 'vitest';
import { open } from '../../backend/twin/open';
import { count } from '../../parts/format';

test('the numbers are those of the view model, each a way to its messages', async () => {
  const window = await open('today');
  const { today } = window.twin.world;
  const tiles: [string, number, string][] = [
    ['Received', today.received, 'all'],
    ['Ready to use', today.ready, 'ready'],
    ['Need attention', today.attention, 'attention'],
    ['Stuck', today.stuck, 'stuck'],
  ];
  for (const [label, number, which] of tiles) {
    await window.visit('Today');
    const tile = await screen.findByRole('link', { name: new RegExp(`^${label}`) });
    await within(tile).findByText(count(number));
    await window.user.click(tile);
    await window.heading('Messages');
    expect(window.asked('openMessages').at(-1), `${label} leads to those of the day`).toEqual([
      which,
      today.day,
      today.day,
    ]);
  }
});

test('what is open of any day is told and shown', async () => {
  const window = await open('today');
  await screen.findByText(/Of any day, 268 messages need attention and 4 are stuck/);
  await window.press('Show what is open');
  await window.heading('Messages');
  expect(window.asked('openMessages').at(-1), 'of every day').toEqual(['open', null, null]);
});

test('while it is counted the count is told', async () => {
  const window = await open('today-loading');
  window.twin.beat();
  const told = await screen.findAllByText('1,400 messages counted so far');
  expect(told.length, 'it is told').toBeGreaterThan(0);
});

test('counting again keeps what is there until the new is', async () => {
  const window = await open('today');
  await screen.findByText('17,934', { selector: '.number' });
  window.twin.world.counting = 0;
  await window.press('Count again');
  window.twin.beat();
  await screen.findAllByText('200 messages counted so far');
  expect(screen.getByText('17,934', { selector: '.number' }), 'the old number stays meanwhile').toBeTruthy();
});

test('coming back shows what was counted at once', async () => {
  const window = await open('today');
  await screen.findByText('17,934', { selector: '.number' });
  await window.visit('Settings');
  window.twin.world.hanging.add('today');
  await window.visit('Today');
  expect(
    screen.getByText('17,934', { selector: '.number' }),
    'it is there before it is counted again',
  ).toBeTruthy();
});

test('who stopped coming is named', async () => {
  await open('today');
  const table = await screen.findByRole('grid', { name: 'Stopped coming' });
  await within(table).findByText('OLDHIS ARCHIVE');
});

test('samples are offered in a practice lake only', async () => {
  const window = await open('empty');
  await window.press('Try it with sample files');
  await window.heading('Looking through your files');
  expect(window.asked('chooseSamples').length, 'the samples were taken').toBe(1);
});

test('a real lake is not offered test data', async () => {
  await open('empty', (twin) => {
    if (twin.world.overview.lake) twin.world.overview.lake.practice = false;
  });
  await screen.findByText('Nothing has come in yet');
  expect(screen.queryByRole('button', { name: /sample/ }), 'no samples').toBeNull();
});

test('who may not read is told so, and can still send', async () => {
  const window = await open('writer');
  await screen.findByText('This sign-in may not read messages');
  expect(window.asked('today'), 'the lake is not even asked').toEqual([]);
  await window.press('Submit files');
  await window.heading('Submit');
});

test('who may do nothing is told whom to ask', async () => {
  await open('forbidden');
  await screen.findByText(/Ask the lake’s administrator for the rights to read and to send/);
  await waitFor(() =>
    expect(screen.queryByRole('button', { name: 'Submit files' }), 'no false hope').toBeNull(),
  );
});

test('who is not to be expected yet has not stopped coming', async () => {
  const early = { sender: 'NIGHTLY BATCH', lastAt: new Date().toISOString(), usual: 9, daysHeard: 7 };
  await open('today', ({ world }) => world.today.quiet.push({ ...early, expectedByNow: 0 }));
  const table = await screen.findByRole('grid', { name: 'Stopped coming' });
  await within(table).findByText('OLDHIS ARCHIVE');
  expect(screen.queryByText('NIGHTLY BATCH'), 'it is too early to say so').toBeNull();
});

test('early in the day it is said that silence means nothing yet', async () => {
  await open('empty', ({ world }) => {
    const sender = { sender: 'NIGHTLY BATCH', lastAt: new Date().toISOString(), usual: 9, daysHeard: 7 };
    world.today.quiet = [{ ...sender, expectedByNow: 0 }];
  });
  await screen.findByText(/None so far. 1 sending system of the days before has not been heard yet/);
  expect(screen.queryByText('Nothing has come in yet'), 'something came on the days before').toBeNull();
});

test('what was sent meanwhile is counted once it is over, and not at each message', async () => {
  const window = await open('sending');
  await screen.findByText('17,934', { selector: '.number' });
  const before = window.asked('today').length;
  window.twin.beat();
  window.twin.tellOverview();
  await waitFor(() => expect(window.asked('overview').length, 'it was read anew').toBeGreaterThan(1));
  expect(window.asked('today').length, 'it still goes on').toBe(before);
  const queue = window.twin.world.queues.get(7);
  if (queue) queue.phase = { is: 'ended' };
  window.twin.tellOverview();
  await waitFor(() => expect(window.asked('today').length, 'now it is over').toBe(before + 1));
});

test('an unfinished submission for another lake leads there', async () => {
  const window = await open('waits-for-its-lake');
  await screen.findByText(/goes to riverside in Practice lake on this computer/);
  await window.press('Use Practice lake on this computer');
  await window.heading('Sign in to the practice lake');
});

test('an unfinished submission for another institution asks for another sign-in', async () => {
  const window = await open('waits-for-another-sender');
  await screen.findByText(/goes to hillcrest/);
  await window.press('Sign in as somebody else');
  await window.heading('Sign in in your browser');
  expect(window.asked('signInAsAnother').length, 'as somebody else').toBe(1);
});

import { screen, waitFor, within } from '@testing-library/svelte';
import { describe, expect, test } from 'vitest';
import { Twin } from '../../backend/twin';
import { open } from '../../backend/twin/open';
import { problems } from '../../backend/twin/problems';
import { TwinQueue } from '../../backend/twin/queue';
import { signedIn } from '../../backend/twin/world';
import { count } from '../../parts/format';
import { EarlierSubmissions } from './earlier.svelte';

test('the sums on screen are those of the view model, and they add up', async () => {
  const window = await open('sending');
  await window.openSubmission();
  await window.heading('Sending');
  const view = window.twin.world.queues.get(7)?.view();
  if (!view) throw new Error('the scenario has a submission 7');
  const { counts, staging } = view;
  const expected: [RegExp, number][] = [
    [/ in the lake/, counts.ingested],
    [/ duplicate/, counts.duplicate],
    [/ denied/, counts.denied],
    [/ cannot be sent/, counts.invalid],
    [/ not sent yet/, counts.notSent],
    [/ checking/, counts.unconfirmed],
    [/ ready to use/, staging.ready],
    [/ need attention/, staging.attention],
    [/ stuck/, staging.stuck],
    [/ on their way/, staging.waiting],
  ];
  for (const [name, number] of expected) {
    const button = screen.getByRole('button', { name });
    expect(within(button).getByText(count(number)), `${name} shows ${number}`).toBeTruthy();
  }
  expect(screen.queryByText(/not accounted for/), 'nothing is unaccounted for').toBeNull();
});

test('the progress is that of the view model', async () => {
  const window = await open('sending');
  await window.openSubmission();
  const bar = await screen.findByRole('progressbar');
  expect(bar.getAttribute('aria-valuenow'), 'done').toBe('6204');
  expect(bar.getAttribute('aria-valuemax'), 'all').toBe('18220');
});

test('a part of the sum narrows the table, and narrows it no more at a second press', async () => {
  const window = await open('sending');
  await window.openSubmission();
  await window.press(/need attention/);
  await waitFor(() =>
    expect(window.asked('lines').at(-1)?.[1], 'rows that need attention are read').toBe('attention'),
  );
  const view = window.twin.world.queues.get(7)?.view();
  const table = await screen.findByRole('grid', { name: 'Needs attention' });
  expect(table.getAttribute('aria-rowcount'), 'as many rows as the sum says').toBe(
    String((view?.staging.attention ?? 0) + 1),
  );
  await window.press(/need attention/);
  await waitFor(() => expect(window.asked('lines').at(-1)?.[1], 'all rows are read again').toBe('all'));
});

test('of 100,000 messages only those near the view are in the document and asked for', async () => {
  const window = await open('huge');
  await window.openSubmission();
  const table = await screen.findByRole('grid', { name: 'All messages' });
  await within(table).findAllByText('In the lake');
  expect(table.getAttribute('aria-rowcount'), 'the table knows how long it is').toBe('100001');
  expect(table.querySelectorAll('tr').length, 'few rows are drawn').toBeLessThan(100);
  const asked = window.asked('lines').map(([, , offset]) => Number(offset));
  expect(Math.max(...asked), 'nothing far away is read').toBeLessThan(1000);
});

test('a chosen message shows why and what to do, and Escape closes it', async () => {
  const window = await open('sending');
  await window.openSubmission();
  await window.press(/need attention/);
  const table = await screen.findByRole('grid', { name: 'Needs attention' });
  await window.user.click((await within(table).findAllByText('Needs attention'))[0] as HTMLElement);
  const details = await screen.findByRole('complementary', { name: 'Details' });
  expect(within(details).getByText('The date of birth in PID-7 is no date.'), 'why').toBeTruthy();
  expect(within(details).getByText('Ask the sender to write dates as YYYYMMDD.'), 'what to do').toBeTruthy();
  expect(window.asked('history'), 'its history is asked for at a press only').toEqual([]);
  await window.press('Show its history');
  await within(details).findByText(/^The lake received it/);
  await window.user.keyboard('{Escape}');
  expect(screen.queryByRole('complementary', { name: 'Details' }), 'Escape closed it').toBeNull();
});

test('details stay with their message while the table is read anew', async () => {
  const window = await open('sending', ({ world }) => {
    const queue = world.queues.get(7);
    if (queue) [queue.done, queue.staged] = [60, 20];
  });
  await window.openSubmission();
  const table = await screen.findByRole('grid', { name: 'All messages' });
  const cells = await within(table).findAllByText('Received');
  await window.user.click(cells[0] as HTMLElement);
  const details = await screen.findByRole('complementary', { name: 'Details' });
  const heading = within(details).getByRole('heading').textContent;
  window.twin.beat();
  window.twin.beat();
  await within(details).findByText('Ready to use', {}, { timeout: 3000 });
  expect(within(details).getByRole('heading').textContent, 'it is still the same message').toBe(heading);
});

test('Resume takes up this submission', async () => {
  const window = await open('paused');
  await window.openSubmission();
  await window.press('Resume');
  await window.heading('Sending');
  expect(window.asked('sendSubmission'), 'the right one was taken up').toEqual([[7]]);
});

test('Resume on Today takes up that submission and shows it', async () => {
  const window = await open('today');
  await window.press(/^Resume/);
  await window.heading('Sending');
  expect(window.asked('sendSubmission'), 'the paused one').toEqual([[4]]);
});

test('cancelling asks first, and says what stays', async () => {
  const window = await open('sending');
  await window.openSubmission();
  await window.press('Cancel');
  const dialog = await screen.findByRole('dialog');
  expect(
    within(dialog).getByText(/6,120 messages in the lake stay there/),
    'what stays is said',
  ).toBeTruthy();
  await window.user.click(within(dialog).getByRole('button', { name: 'Keep it' }));
  expect(window.asked('cancelSubmission'), 'nothing was cancelled').toEqual([]);
  await window.press('Cancel');
  await window.user.click(
    within(await screen.findByRole('dialog')).getByRole('button', { name: 'Cancel the rest' }),
  );
  await window.heading('Cancelled');
  expect(window.asked('cancelSubmission'), 'then it was').toEqual([[7]]);
});

test('the review sends only at Send, to where it says', async () => {
  const window = await open('review');
  await window.openSubmission();
  await window.heading('Send 18,220 messages?');
  expect(screen.getByText('riverside', { selector: 'main strong' }), 'the institution is named').toBeTruthy();
  expect(window.asked('sendSubmission'), 'nothing is sent before').toEqual([]);
  await window.press('Send');
  await window.heading('Sending');
  expect(window.asked('sendSubmission'), 'then it is').toEqual([[7]]);
});

test('a sign-in that may not send has no Send', async () => {
  const window = await open('reader');
  await window.openSubmission();
  await window.heading('Send 1,204 messages?');
  expect(screen.queryByRole('button', { name: 'Send' }), 'there is no such button').toBeNull();
  expect(screen.getByText('This sign-in may not send'), 'and it is said why').toBeTruthy();
});

test('files that are not HL7 and files that could not be read are listed apart', async () => {
  const window = await open('sending');
  await window.openSubmission();
  await window.user.click(await screen.findByRole('tab', { name: /Without a message/ }));
  await screen.findByText('3 files hold no message');
  await window.user.click(screen.getByRole('tab', { name: /Could not be read/ }));
  await screen.findByText('You have no permission to read it.');
});

test('the report is saved and its name told', async () => {
  const window = await open('ended');
  await window.openSubmission();
  await window.press('Save report');
  await screen.findByText('Saved as submission-7.csv');
  expect(window.asked('saveReport'), 'of this submission').toEqual([[7]]);
});

test('many hints make few readings', async () => {
  const window = await open('sending');
  await window.openSubmission();
  await window.heading('Sending');
  const before = window.asked('submission').length;
  for (let beat = 0; beat < 40; beat += 1) window.twin.beat();
  await waitFor(() => expect(window.asked('submission').length, 'it is read anew').toBeGreaterThan(before));
  expect(window.asked('submission').length - before, 'but not at each hint').toBeLessThan(4);
});

test('what could not be begun is said once, with another try', async () => {
  const window = await open('begin-failing');
  await window.visit('Submit');
  await window.press('Choose files');
  await screen.findByText('The files are not there any more');
  delete window.twin.world.failing.beginSubmission;
  await window.press('Try again');
  await window.heading('Looking through your files');
  expect(screen.queryByText('The files are not there any more'), 'it is over').toBeNull();
});

test('Try again after a cancelling that failed cancels, and sends nothing', async () => {
  const window = await open('review', ({ world }) => {
    world.failing.cancelSubmission = problems.outOfReach;
  });
  await window.openSubmission();
  await window.press('Cancel');
  await screen.findByText('The lake does not answer');
  delete window.twin.world.failing.cancelSubmission;
  await window.press('Try again');
  await window.heading('Submit');
  expect(window.asked('cancelSubmission'), 'it was cancelled, at the second try').toEqual([[7], [7]]);
  expect(window.asked('sendSubmission'), 'nothing was sent').toEqual([]);
});

test('Try again after a pausing that failed pauses', async () => {
  const window = await open('sending', ({ world }) => {
    world.failing.pauseSubmission = problems.outOfReach;
  });
  await window.openSubmission();
  await window.press('Pause');
  await screen.findByText('The lake does not answer');
  delete window.twin.world.failing.pauseSubmission;
  await window.press('Try again');
  await window.heading('Paused');
  expect(window.asked('sendSubmission'), 'nothing else was done').toEqual([]);
});

test('a review begun without the right to send goes to the institution of whoever says yes', async () => {
  const window = await open('review', ({ world }) => {
    world.queues.set(7, new TwinQueue({ id: 7, messages: 88, institution: null, lake: 'northfield' }));
  });
  await window.openSubmission();
  await window.heading('Send 88 messages?');
  expect(screen.getByText('riverside', { selector: 'main strong' }), 'where it would go').toBeTruthy();
  await window.press('Send');
  await window.heading('Sending');
  expect(window.twin.world.queues.get(7)?.view().institution, 'where it goes').toBe('riverside');
});

test('what goes to another lake leads there by its title', async () => {
  const window = await open('waits-for-its-lake');
  await window.openSubmission();
  await window.heading('Waiting for its lake');
  await screen.findByText(/goes to Practice lake on this computer, and Northfield Health Network is in use/);
  await window.press('Use Practice lake on this computer');
  await window.heading('Sign in to the practice lake');
  expect(window.asked('useLake'), 'by its name').toEqual([['practice']]);
  await window.press('Sign in');
  await window.heading('Sign in in your browser');
  window.twin.completeSignIn();
  await window.heading('Sending');
});

test('a lake that was forgotten since is not offered for use', async () => {
  const window = await open('waits-for-its-lake', ({ world }) => {
    world.overview.lakes = world.overview.lakes.filter((lake) => lake.name !== 'practice');
  });
  await window.openSubmission();
  await screen.findByText(/not known on this computer any more/);
  await window.press('Choose a lake');
  await window.heading('Choose a lake');
  expect(window.asked('useLake'), 'it cannot be used').toEqual([]);
});

test('what is for another institution goes on once somebody is signed in who may send for it', async () => {
  const window = await open('waits-for-another-sender', ({ world }) => {
    world.signsInAs = { ...signedIn('hillcrest', 'hillcrest'), user: 'kim.lund' };
  });
  await window.openSubmission();
  await window.heading('Waiting for another sign-in');
  await screen.findByText('Sending waits for somebody who may send for hillcrest');
  await window.press('Sign in as somebody else');
  await window.heading('Sign in in your browser');
  window.twin.completeSignIn();
  await window.heading('Sending');
  expect(window.asked('signInAsAnother').length, 'the page was to ask who').toBe(1);
  expect(window.asked('signIn'), 'and not to take who it remembers').toEqual([]);
});

test('why a sign-in as somebody else came to nothing is told, with the same way once more', async () => {
  const window = await open('waits-for-another-sender');
  await window.openSubmission();
  await window.press('Sign in as somebody else');
  await window.heading('Sign in in your browser');
  window.twin.failSignIn(problems.portsTaken);
  await window.heading('Waiting for another sign-in');
  await screen.findByText('The sign-in cannot come back to this program');
  await window.press('Try again');
  await window.heading('Sign in in your browser');
  expect(window.asked('signInAsAnother').length, 'in the same way').toBe(2);
  window.twin.failSignIn();
  await window.heading('Waiting for another sign-in');
  await window.press('Put away');
  expect(screen.queryByText('The sign-in was cancelled'), 'it can be put away').toBeNull();
});

test('keeping a paused submission promises no sending', async () => {
  const window = await open('paused');
  await window.openSubmission();
  await window.press('Cancel');
  const dialog = await screen.findByRole('dialog');
  await window.user.click(within(dialog).getByRole('button', { name: 'Keep it' }));
  await window.heading('Paused');
  expect(window.asked('cancelSubmission'), 'it is kept').toEqual([]);
});

test('an opened submission is looked up again once, and a failure of that is not shown', async () => {
  const window = await open('ended', ({ world }) => {
    world.failing.lookAgain = problems.outOfReach;
  });
  await window.openSubmission();
  await window.heading('Finished');
  window.twin.beat();
  await screen.findByText('All others are there.', { exact: false });
  expect(window.asked('lookAgain'), 'once').toEqual([[7]]);
  expect(screen.queryByText('The lake does not answer'), 'what was known stays').toBeNull();
});

describe('earlier submissions', () => {
  function many() {
    const twin = new Twin('empty');
    for (let id = 1; id <= 620; id += 1) {
      twin.world.queues.set(id, new TwinQueue({ id, messages: 1, done: 1, phase: { is: 'ended' } }));
    }
    return { twin, earlier: new EarlierSubmissions(twin.backend) };
  }

  test('can all be reached, though the program gives 500 at a time', async () => {
    const { twin, earlier } = many();
    await earlier.read();
    while (earlier.more) await earlier.readOn();
    expect(
      earlier.rows?.map((row) => row.id),
      'all of them, newest first',
    ).toEqual(Array.from({ length: 620 }, (_, index) => 620 - index));
    const limits = twin.asked.filter(([name]) => name === 'submissions').map(([, , limit]) => Number(limit));
    expect(Math.max(...limits), 'never more than it gives').toBeLessThanOrEqual(500);
  });

  test('are kept current when they are read anew, as far as they are shown', async () => {
    const { twin, earlier } = many();
    await earlier.read();
    await earlier.readOn();
    const row = twin.world.queues.get(530);
    if (row) row.phase = { is: 'cancelled' };
    await earlier.read();
    expect(earlier.rows?.length, 'as many as before').toBe(100);
    expect(earlier.rows?.find(({ id }) => id === 530)?.phase.is, 'an older one is current').toBe('cancelled');
  });
});

import { screen, waitFor, within } from '@testing-library/svelte';
import { expect, test } from 'vitest';
import { open } from '../backend/twin/open';
import { problems } from '../backend/twin/problems';
import { nobody } from '../backend/twin/world';

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
  await window.user.keyboard('{Control>}/{/Control}');
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

test('notes of one kind are told apart, equal ones told once, and put away one by one', async () => {
  const other = { ...problems.damagedSettings, detail: 'Another file was damaged.' };
  const window = await open('today', ({ world }) => {
    world.overview.notes = [problems.damagedSettings, other, problems.damagedSettings];
  });
  await screen.findByText('Another file was damaged.');
  expect(screen.getAllByText(problems.damagedSettings.title).length, 'two, not three').toBe(2);
  const [first] = screen.getAllByRole('button', { name: 'Put away' });
  await window.user.click(first as HTMLElement);
  expect(screen.queryByText(problems.damagedSettings.detail), 'the first is put away').toBeNull();
  expect(screen.getByText('Another file was damaged.'), 'the other is not').toBeTruthy();
  const later = { ...problems.damagedSettings, detail: 'And one more.' };
  window.twin.world.overview.notes.push(later);
  window.twin.tellOverview();
  await screen.findByText('And one more.');
});

test('nothing is read before hints are heard', async () => {
  const window = await open('today');
  const [first, second, third] = window.twin.asked.map(([name]) => name);
  expect([first, second, third], 'first it listens').toEqual(['onChanged', 'onHovered', 'overview']);
});

test('a file that the program was started with is taken up', async () => {
  const window = await open('today', (twin) => twin.drop(1));
  await window.heading('Looking through your files');
  expect(window.asked('beginSubmission'), 'it was not lost').toEqual([[101]]);
});

test('a file that the program was started with waits for the sign-in', async () => {
  await open('signed-out', (twin) => twin.drop(1));
  await screen.findByText(/1 file kept/);
});

test('what could not be taken up is told where the steward is, with another try', async () => {
  const window = await open('begin-failing');
  await window.visit('Settings');
  window.twin.drop(3);
  await screen.findByText('The files are not there any more');
  await window.heading('Settings');
  await window.visit('Submit');
  expect(screen.getAllByText('The files are not there any more').length, 'not twice').toBe(1);
  await window.press('Put away');
  expect(screen.queryByText('The files are not there any more'), 'it can be put away').toBeNull();
});

test('a dropped lake file that will not do is told on the sign-in page', async () => {
  const window = await open('signed-out', ({ world }) => {
    world.failing.lookAtDroppedLake = problems.notALake;
  });
  window.twin.drop(1, 'describes-a-lake');
  await screen.findByText('No lake answers there');
  await window.heading('Sign in to the practice lake');
  delete window.twin.world.failing.lookAtDroppedLake;
  await window.press('Try again');
  await window.heading('Is this the right lake?');
});

test('what is not kept any more cannot be tried again', async () => {
  const window = await open('today');
  window.twin.drop(3);
  window.twin.world.chosen.clear();
  await screen.findByText('That is not kept any more');
  expect(screen.queryByRole('button', { name: 'Try again' }), 'no false hope').toBeNull();
});

test('of files that could not be taken up nothing is told to somebody else', async () => {
  const window = await open('begin-failing');
  window.twin.drop(3);
  await screen.findByText('The files are not there any more');
  await window.twin.backend.lock();
  await window.heading('Locked');
  expect(screen.queryByText('The files are not there any more'), 'not over a locked screen').toBeNull();
  await window.press('Unlock by signing in');
  window.twin.completeSignIn();
  await window.heading('Today');
  expect(screen.queryByText('The files are not there any more'), 'nor after it').toBeNull();
});

test('files that need a sign-in first are kept and go on after it', async () => {
  const window = await open('today');
  // The program knows already that the sign-in has ended; the window does not.
  window.twin.world.overview.session = nobody;
  window.twin.drop(12);
  await screen.findByText(/12 files kept/);
  expect(screen.queryByText(problems.nobodySignedIn.title), 'no problem is made of it').toBeNull();
  await window.press('Sign in');
  await window.heading('Sign in in your browser');
  window.twin.completeSignIn();
  await window.heading('Looking through your files');
  expect(window.asked('beginSubmission'), 'refused first, begun then').toEqual([[101], [101]]);
});

test('as many lots of files are kept as the program remembers', async () => {
  const window = await open('signed-out');
  for (let lots = 1; lots <= 16; lots += 1) {
    window.twin.drop(1);
    await screen.findByText(new RegExp(`^${lots} files? kept`));
  }
  window.twin.drop(5);
  await screen.findByText(/^20 files kept/);
});

test('while another lake is being opened none is to be chosen', async () => {
  const window = await open('today');
  const { overview } = window.twin.world;
  [overview.lake, overview.session] = [null, { is: 'looking' }];
  window.twin.tellOverview();
  await window.heading('Lake Steward');
});

test('a locked screen follows the sending, at most once a second, and asks for nothing of the lake', async () => {
  const window = await open('locked');
  await screen.findByRole('heading', { name: 'Sending goes on' });
  const before = window.asked('overview').length;
  for (let beat = 0; beat < 40; beat += 1) window.twin.beat();
  await waitFor(() =>
    expect(
      Number(screen.getByRole('progressbar').getAttribute('aria-valuenow')),
      'it has moved',
    ).toBeGreaterThan(6_204),
  );
  expect(window.asked('overview').length - before, 'not at each hint').toBeLessThan(3);
  expect(window.asked('submission'), 'what would be refused is not asked').toEqual([]);
});

test('files that are looked through behind a locked screen are not called sent', async () => {
  await open('locked-looking-through');
  await screen.findByRole('heading', { name: 'Files are being looked through' });
  await screen.findByText(/6,180 messages in 412 files so far. Nothing of them is sent before you say so/);
  expect(screen.queryByText('Sending goes on'), 'nothing is being sent').toBeNull();
});

test('an unlocking that a hint tells of first is followed all the same', async () => {
  const window = await open('locked');
  window.twin.drop(12);
  await screen.findByText(/12 files kept/);
  window.twin.world.overview.session = window.twin.world.signsInAs;
  window.twin.beat();
  await window.heading('Looking through your files');
});

test('F1 shows the keys, and a single sign does nothing', async () => {
  const window = await open('today');
  await window.user.keyboard('?');
  expect(screen.queryByRole('dialog'), 'no shortcut of one sign').toBeNull();
  await window.user.keyboard('{F1}');
  const dialog = await screen.findByRole('dialog', { name: 'Keyboard shortcuts' });
  expect(within(dialog).getByText('F1'), 'it is among them').toBeTruthy();
  expect(within(dialog).getByText('/'), 'and so is the other').toBeTruthy();
});

test('files are asked for once, however often the key is pressed', async () => {
  const window = await open('today', ({ world }) => world.hanging.add('chooseFiles'));
  await window.user.keyboard('{Control>}o{/Control}{Control>}o{/Control}');
  expect(window.asked('chooseFiles').length, 'one dialog of the system').toBe(1);
});

import { screen } from '@testing-library/svelte';
import { expect, test } from 'vitest';
import { open } from '../backend/twin/open';
import { codeWordsIn } from '../lint/words';
import type { Scenario } from '../backend/twin/scenarios';

/** Each state, its heading, and the name of what can be done next (a button, a link or a tab). */
const states: [Scenario, string, string | RegExp][] = [
  ['first-start', 'Welcome to Lake Steward', 'Practise on this computer'],
  ['overview-failing', 'Lake Steward', 'See diagnostics'],
  ['lake-starting', 'Sign in to the practice lake', /Starting the practice lake/],
  ['lake-failed', 'Sign in to the practice lake', 'Try again'],
  ['signed-out', 'Sign in to the practice lake', 'Sign in'],
  ['signed-out-real', 'Sign in to Northfield Health Network', 'Sign in'],
  ['signing-in', 'Sign in in your browser', 'Cancel'],
  ['signing-in-no-browser', 'Sign in in your browser', 'Copy address'],
  ['sign-in-cancelled', 'Sign in to the practice lake', 'Sign in'],
  ['sign-in-timed-out', 'Sign in to the practice lake', 'Sign in'],
  ['sign-in-refused', 'Sign in to the practice lake', 'Sign in'],
  ['ports-taken', 'Sign in to the practice lake', 'Sign in'],
  ['no-keyring', 'Sign in to the practice lake', 'See diagnostics'],
  ['out-of-reach', 'Sign in to the practice lake', 'Try again'],
  ['unreached', 'Sign in to the practice lake', 'Try again'],
  ['locked', 'Locked', 'Unlock by signing in'],
  ['locked-looking-through', 'Locked', 'Unlock by signing in'],
  ['locked-unlocking', 'Locked', 'Cancel'],
  ['empty', 'Today', 'Try it with sample files'],
  ['today', 'Today', 'Count again'],
  ['today-failing', 'Today', 'Try again'],
  ['today-huge', 'Today', 'Show what is open'],
  ['writer', 'Today', 'Submit files'],
  ['memory-session', 'Today', 'Put away'],
];

test.each(states)('%s shows its heading and its next step', async (scenario, heading, next) => {
  await open(scenario);
  await screen.findByRole('heading', { level: 1, name: heading });
  const steps = await screen.findAllByRole('button', { name: next });
  expect(steps.length, `${scenario} offers ${String(next)}`).toBeGreaterThan(0);
  expectPlainWords();
});

/** Each state of a submission, its heading, and what can be done next. */
const submissions: [Scenario, string, string][] = [
  ['looking-through', 'Looking through your files', 'Cancel'],
  ['review', 'Send 18,220 messages?', 'Send'],
  ['review-nothing', 'Nothing to send', 'Choose other files'],
  ['reader', 'Send 1,204 messages?', 'Leave it'],
  ['sending', 'Sending', 'Pause'],
  ['paused', 'Paused', 'Resume'],
  ['another-program', 'Waiting for another program', 'Cancel'],
  ['waits-for-sign-in', 'Waiting for your sign-in', 'Sign in'],
  ['waits-for-its-lake', 'Waiting for its lake', 'Use Practice lake on this computer'],
  ['waits-for-another-sender', 'Waiting for another sign-in', 'Sign in as somebody else'],
  ['waits-for-lake', 'Waiting for the lake', 'Try now'],
  ['waits-for-computer', 'Waiting for this computer', 'Try now'],
  ['checking', 'Checking what arrived', 'Save report'],
  ['ended', 'Finished', 'Show which'],
  ['cancelled', 'Cancelled', 'Submit more'],
  ['submission-failing', 'Submission', 'See diagnostics'],
];

test.each(submissions)(
  'a submission that is %s shows its heading and its next step',
  async (scenario, heading, next) => {
    const window = await open(scenario);
    await window.openSubmission();
    await window.heading(heading);
    expect(await screen.findByRole('button', { name: next }), `${scenario} offers ${next}`).toBeTruthy();
    expectPlainWords();
  },
);

/** Plain words only, and nothing of the data in the title. */
function expectPlainWords() {
  const words = document.body.textContent ?? '';
  expect(codeWordsIn(words), 'words of the code stay in the code').toEqual([]);
  expect(words, 'nobody is shouted at').not.toContain('!');
  expect(document.title, 'the title says where one is').toMatch(/ – Lake Steward$/);
  expect(document.title, 'no file name is in the title').not.toMatch(/batch|\/home/);
}

import { expect, test } from 'vitest';
import { TwinQueue } from '../backend/twin/queue';
import { endingInWords } from './ending';

function ended(counts: Record<string, number>, staging: Record<string, number> = {}) {
  const view = new TwinQueue({ id: 1, messages: 10, done: 10, phase: { is: 'ended' } }).view();
  for (const part of Object.keys(view.counts)) Object.assign(view.counts, { [part]: counts[part] ?? 0 });
  for (const part of Object.keys(view.staging)) Object.assign(view.staging, { [part]: staging[part] ?? 0 });
  return endingInWords(view);
}

test('messages that are not in the lake come first', () => {
  const ending = ended({ found: 10, ingested: 7, denied: 2, invalid: 1 }, { attention: 3 });
  expect(ending.what, 'it is not called good').toBe('Some messages are not in the lake');
  expect(ending.where, 'each kind is told').toBe('2 denied, 1 cannot be sent. All others are there.');
  expect(ending.show?.which, 'the first kind is shown').toBe('denied');
});

test('then those that need somebody', () => {
  const ending = ended({ found: 10, ingested: 9, duplicate: 1 }, { ready: 8, stuck: 1 });
  expect(ending.where, 'one is one').toBe('1 is stuck.');
  expect(ending.show?.which, 'the stuck one is shown').toBe('stuck');
});

test('all is well only when it is', () => {
  expect(ended({ found: 10, ingested: 10 }, { ready: 10 }).tone, 'all ready').toBe('good');
  expect(ended({ found: 10, ingested: 10 }, { ready: 8, waiting: 2 }).where, 'some on their way').toMatch(
    /^2 messages are still/,
  );
  expect(ended({ found: 0 }).what, 'nothing was there').toBe('No message was found');
});

test('where no message is in the lake, none is said to be there', () => {
  const ending = ended({ found: 10, denied: 9, notSent: 1 });
  expect(ending.what, 'none').toBe('No message is in the lake');
  expect(ending.where, 'there are no others').toBe('9 denied, 1 not sent.');
  expect(ended({ found: 10, duplicate: 1, denied: 9 }).where, 'a duplicate is there').toBe(
    '9 denied. All others are there.',
  );
});

import { screen, waitFor, within } from '@testing-library/svelte';
import { describe, expect, test } from 'vitest';
import { open } from '../../backend/twin/open';
import type { MessageHistory } from '../../backend/backend';
import { Twin } from '../../backend/twin';
import { problems } from '../../backend/twin/problems';
import { messageId } from '../../backend/twin/queue';
import { choiceOf, daysOf, faultOf } from './days';
import { MessageList } from './list.svelte';
import { Trace } from './trace.svelte';

test('the list says how many it has, and reads on at a press', async () => {
  const window = await open('huge');
  await window.visit('Messages');
  await screen.findByText('200 messages so far, 200 looked at');
  await window.press('Read more');
  await screen.findByText('400 messages so far, 400 looked at');
});

test('where few match it reads on by itself until there are enough, and can be stopped', async () => {
  const twin = new Twin('huge');
  const list = new MessageList(twin.backend);
  await list.open('attention', null, null);
  expect(list.rows.length, 'a hundred were gathered').toBeGreaterThanOrEqual(100);
  expect(list.lookedAt, 'of many that were looked at').toBeGreaterThan(5000);
  const reading = list.more();
  list.stop();
  const before = list.rows.length;
  await reading;
  expect(list.busy, 'it has stopped').toBe(false);
  expect(list.rows.length - before, 'what was on its way is kept, and no more').toBeLessThan(10);
});

test('rows of an older question never come into a newer one', async () => {
  const twin = new Twin('huge');
  const list = new MessageList(twin.backend);
  const first = list.open('attention', null, null);
  const second = list.open('ready', null, null);
  await Promise.all([first, second]);
  expect(new Set(list.rows.map((row) => row.status)), 'only what was asked for last').toEqual(
    new Set(['ready']),
  );
});

test('leaving closes the list', async () => {
  const window = await open('today');
  await window.visit('Messages');
  await screen.findByText(/200 messages so far/);
  await window.visit('Settings');
  await waitFor(() => expect(window.asked('closeMessages').length, 'it was closed').toBe(1));
});

test('the state asks anew, and what needs attention says why', async () => {
  const window = await open('today');
  await window.visit('Messages');
  await window.user.selectOptions(await screen.findByLabelText('Where they stand'), 'Needs attention');
  const table = await screen.findByRole('grid', { name: 'Messages' });
  const why = await within(table).findAllByText('The date of birth in PID-7 is no date.');
  expect(why.length, 'each says why').toBeGreaterThan(3);
});

test('days of one’s own are asked for when they are whole', async () => {
  const window = await open('today');
  await window.visit('Messages');
  await window.user.selectOptions(await screen.findByLabelText('Days'), 'Days of your choice');
  const first = await screen.findByLabelText('First day');
  await window.user.type(first, '2026-11-2');
  await window.user.tab();
  await screen.findByText('Write the day as 2026-11-25.');
  const before = window.asked('openMessages').length;
  await window.user.type(first, '0');
  await window.user.tab();
  await waitFor(() =>
    expect(window.asked('openMessages').slice(before), 'the whole day is asked for').toEqual([
      ['all', '2026-11-20', null],
    ]),
  );
});

test('a chosen message shows its history', async () => {
  const window = await open('today');
  await window.visit('Messages');
  const table = await screen.findByRole('grid', { name: 'Messages' });
  await window.user.click((await within(table).findAllByText('Ready to use'))[0] as HTMLElement);
  const details = await screen.findByRole('complementary', { name: 'Details' });
  await within(details).findByText('It was made ready to use, with 2 automatic tidy-ups.');
});

test('a history leads to the other message that it speaks of, and back', async () => {
  const window = await open('today');
  await window.visit('Messages');
  await window.user.selectOptions(await screen.findByLabelText('Where they stand'), 'Fixed');
  const table = await screen.findByRole('grid', { name: 'Messages' });
  await window.user.click((await within(table).findAllByText('Fixed'))[0] as HTMLElement);
  await window.press('Show its history');
  await screen.findByText('History of the other message');
  await window.press('Back to the message');
  await screen.findByText('A fix took its place.');
});

test('what cannot be read is said, with another try', async () => {
  const window = await open('messages-failing');
  await window.visit('Messages');
  await screen.findByText('The lake does not answer');
  delete window.twin.world.failing.openMessages;
  await window.press('Try again');
  await screen.findByText(/messages so far/);
});

test('who may not read is told so', async () => {
  const window = await open('writer');
  await window.visit('Messages');
  await screen.findByText('This sign-in may not read messages');
  expect(window.asked('openMessages'), 'the lake is not asked').toEqual([]);
});

describe('days of the lake', () => {
  const now = new Date('2026-11-25T23:30:00-05:00');

  test('are those of UTC', () => {
    expect(daysOf('today', { from: null, to: null }, now), 'it is the 26th there').toEqual({
      from: '2026-11-26',
      to: '2026-11-26',
    });
    expect(daysOf('week', { from: null, to: null }, now), 'both ends included').toEqual({
      from: '2026-11-20',
      to: '2026-11-26',
    });
  });

  test('that a link asks for show as the choice that means them', () => {
    expect(choiceOf({ from: '2026-11-26', to: '2026-11-26' }, now), 'today').toBe('today');
    expect(choiceOf({ from: null, to: null }, now), 'any').toBe('any');
    expect(choiceOf({ from: '2026-11-01', to: null }, now), 'one’s own').toBe('chosen');
  });

  test.each(['2026-13-01', '2026-02-30', '25.11.2026', '2026-1-2', 'yesterday'])('%s is no day', (typed) => {
    expect(faultOf(typed), 'it is said how to write one').toContain('2026-11-25');
  });

  test.each(['', '  ', '2026-11-25', ' 2024-02-29 '])('%j will do', (typed) => {
    expect(faultOf(typed), 'nothing is wrong with it').toBeUndefined();
  });
});

describe('the history of another message', () => {
  const other = messageId(2);

  test('is shown only when it has come, whatever came before', async () => {
    const { backend } = new Twin('today');
    const answers = new Map<string, (told: MessageHistory) => void>();
    const slow = {
      ...backend,
      history: (id: string) => new Promise<MessageHistory>((answer) => answers.set(id, answer)),
    };
    const trace = new Trace(slow, messageId(1));
    const first = trace.read();
    const second = trace.show(other);
    answers.get(messageId(1))?.(await backend.history(messageId(1)));
    await first;
    expect(trace.reading.value, 'nothing of the first is shown for the other').toBeNull();
    answers.get(other)?.(await backend.history(other));
    await second;
    expect(trace.reading.value?.message.messageId, 'then it is').toBe(other);
  });

  test('that cannot be read leaves nothing of the first', async () => {
    const twin = new Twin('today');
    const trace = new Trace(twin.backend, messageId(1));
    await trace.read();
    expect(trace.reading.value?.message.messageId, 'the first is there').toBe(messageId(1));
    twin.world.failing.history = problems.outOfReach;
    await trace.show(other);
    expect(trace.reading.value, 'no other history is shown for it').toBeNull();
    expect(trace.reading.problem, 'and it is said why').toEqual(problems.outOfReach);
    delete twin.world.failing.history;
    await trace.show(messageId(1));
    expect(trace.reading.value?.message.messageId, 'back to the first').toBe(messageId(1));
  });
});

import { expect, test, vi } from 'vitest';
import { Refusal } from './backend';
import { Doing, Reading } from './reading.svelte';
import { problems } from './twin/problems';

/** A question whose answers come when the test says so. */
function held() {
  const answers: ((value: number) => void)[] = [];
  let asked = 0;
  return {
    ask: () => {
      asked += 1;
      return new Promise<number>((answer) => answers.push(answer));
    },
    answer: (value: number) => answers.shift()?.(value),
    asked: () => asked,
  };
}

test('many hints while one reading is under way make one more reading', async () => {
  const question = held();
  const reading = new Reading(question.ask);
  const first = reading.read();
  void reading.read();
  const last = reading.read();
  question.answer(1);
  await Promise.resolve();
  await Promise.resolve();
  expect(reading.value, 'the first answer is shown at once').toBe(1);
  question.answer(2);
  await Promise.all([first, last]);
  expect(reading.value, 'who asked last has the last answer').toBe(2);
  expect(question.asked(), 'three readings became two').toBe(2);
  expect(reading.busy, 'it has come to rest').toBe(false);
});

test('a hint that falls due while a slow reading is under way stops no later hint', async () => {
  vi.useFakeTimers();
  try {
    const question = held();
    const reading = new Reading(question.ask);
    void reading.read();
    reading.soon(300);
    await vi.advanceTimersByTimeAsync(1_000);
    question.answer(1);
    await vi.advanceTimersByTimeAsync(0);
    question.answer(2);
    await vi.advanceTimersByTimeAsync(0);
    expect(reading.busy, 'the slow reading and the one for the hint have ended').toBe(false);
    reading.soon(300);
    await vi.advanceTimersByTimeAsync(300);
    question.answer(3);
    await vi.advanceTimersByTimeAsync(0);
    expect(reading.value, 'the next hint is followed').toBe(3);
  } finally {
    vi.useRealTimers();
  }
});

test('what was read stays when a later reading fails', async () => {
  let fails = false;
  const reading = new Reading(() =>
    fails ? Promise.reject(new Refusal(problems.outOfReach)) : Promise.resolve(7),
  );
  await reading.read();
  fails = true;
  await reading.read();
  expect(reading.value, 'the old value stays').toBe(7);
  expect(reading.problem, 'the problem stands beside it').toEqual(problems.outOfReach);
  fails = false;
  await reading.read();
  expect(reading.problem, 'the next good reading takes the problem away').toBeNull();
});

test('a second press does nothing while the first is at work', async () => {
  const doing = new Doing();
  let done = 0;
  const act = async () => {
    done += 1;
    await Promise.resolve();
  };
  const [first, second] = await Promise.all([doing.run(act), doing.run(act)]);
  expect(done, 'it was done once').toBe(1);
  expect([first, second], 'only the first says that it did it').toEqual([true, false]);
});

test('whatever is thrown becomes a problem with words', async () => {
  const doing = new Doing();
  await doing.run(() => Promise.reject(new TypeError('an internal matter')));
  expect(doing.problem?.title, 'there is a title').toBeTruthy();
  expect(doing.problem?.detail, 'what was thrown is not shown').not.toContain('internal');
});

test('what follows from a reading follows from those that went well', async () => {
  let fails = false;
  const told: number[] = [];
  const reading = new Reading(
    () => (fails ? Promise.reject(new Refusal(problems.outOfReach)) : Promise.resolve(7)),
    (value) => told.push(value),
  );
  await reading.read();
  fails = true;
  await reading.read();
  expect(told, 'once').toEqual([7]);
});

import { expect, test } from 'vitest';
import { problemOf, type Backend } from './backend';
import { Twin } from './twin';

/** As the program says of each of its commands. */
const refused: [keyof Backend, ...unknown[]][] = [
  ['practise'],
  ['lookAtLake', 'https://lake.northfield.example'],
  ['lookAtDroppedLake', 1],
  ['acceptLake', 1],
  ['useLake', 'practice'],
  ['forgetLake', 'practice'],
  ['beginSubmission', 1],
  ['submission', 7],
  ['sendSubmission', 7],
  ['pauseSubmission', 7],
  ['cancelSubmission', 7],
  ['lookAgain', 7],
  ['lines', 7, 'all', 0, 100],
  ['submissions', null, 50],
  ['saveReport', 7],
  ['today'],
  ['openMessages', 'all', null, null],
  ['moreMessages', 1],
  ['history', '019ab7c2-1000-7d3e-9c41-000000000001'],
];

test.each(refused)('%s is refused while the screen is locked', async (command, ...given) => {
  const { backend } = new Twin('locked');
  const ask = backend[command] as (...given: unknown[]) => Promise<unknown>;
  const problem = await ask(...given).then(
    () => null,
    (thrown: unknown) => problemOf(thrown).code,
  );
  expect(problem, 'as by the program').toBe('locked');
});

test('what was dropped is told once', async () => {
  const twin = new Twin('locked');
  twin.drop(1);
  twin.drop(2);
  expect(await twin.backend.droppedFiles(), 'oldest first').toEqual([101, 102]);
  expect(await twin.backend.droppedFiles(), 'and not again').toEqual([]);
});

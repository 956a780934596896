import type { Status } from '../parts/status';

/** A made-up message in a table. */
export interface Line {
  number: number;
  file: string;
  status: Status;
  why: string;
  bytes: number;
  at: number;
}

const states: Status[] = [
  'in-lake',
  'in-lake',
  'in-lake',
  'duplicate',
  'ready',
  'attention',
  'denied',
  'checking',
];
const began = Date.UTC(2026, 10, 25, 21, 8, 11);

/** The same for the same number; `turn` moves all states on by one, as news would. */
export function line(number: number, turn: number): Line {
  const status = states[(number * 7 + turn) % states.length] ?? 'in-lake';
  return {
    number,
    file: `admissions/2026/november/week-48/ward-${number % 12}/message-${String(number).padStart(7, '0')}.hl7`,
    status,
    why: status === 'attention' ? 'Several messages in one: the second begins at byte 1,204' : '',
    bytes: 400 + ((number * 7919) % 90_000),
    at: began - number * 1_370,
  };
}

import type { MessageWhich, StatusView, WhichLines } from '../backend/backend';
import type { Status } from '../parts/status';

/** The badge of a status. */
export function badgeOf(status: StatusView): Status {
  switch (status) {
    case 'in-the-lake':
      return 'in-lake';
    case 'waiting':
      return 'to-be-sent';
    case 'replaced':
      return 'fixed';
    default:
      return status;
  }
}

/** What a table of a submission is narrowed to, as its heading says it. */
export function linesInWords(which: WhichLines): string {
  return LINES[which];
}

/** What a list of messages is narrowed to, in the order in which they are offered. */
export const messageChoices: { value: MessageWhich; label: string }[] = [
  { value: 'all', label: 'All messages' },
  { value: 'open', label: 'Needs attention or stuck, of any day' },
  { value: 'attention', label: 'Needs attention' },
  { value: 'stuck', label: 'Stuck' },
  { value: 'received', label: 'Received, on their way' },
  { value: 'ready', label: 'Ready to use' },
  { value: 'set-aside', label: 'Set aside' },
  { value: 'replaced', label: 'Fixed' },
];

const LINES: Record<WhichLines, string> = {
  all: 'All messages',
  ingested: 'In the lake',
  duplicate: 'Duplicates',
  denied: 'Denied',
  invalid: 'Cannot be sent',
  'not-sent': 'Not sent',
  unconfirmed: 'Being checked',
  waiting: 'On their way',
  ready: 'Ready to use',
  attention: 'Needs attention',
  stuck: 'Stuck',
  closed: 'Set aside or fixed',
};

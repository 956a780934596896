import type { SubmissionView, WhichLines } from '../backend/backend';
import { count, counted } from '../parts/format';
import type { Tone } from '../parts/status';

/** What a submission came to, and which of its messages to look at next. */
export interface EndingInWords {
  tone: Tone;
  what: string;
  where: string;
  next?: string;
  show?: { which: WhichLines; label: string };
}

/** Says first what is worst: messages that are not in the lake, then those in it that need somebody. */
export function endingInWords({ counts, staging }: SubmissionView): EndingInWords {
  if (counts.found === 0) {
    return { tone: 'neutral', what: 'No message was found', where: 'Nothing was sent.' };
  }
  const outside = some([
    ['denied', counts.denied, 'denied'],
    ['invalid', counts.invalid, 'cannot be sent'],
    ['not-sent', counts.notSent, 'not sent'],
    ['unconfirmed', counts.unconfirmed, 'being checked'],
  ]);
  if (outside) {
    const none = counts.ingested + counts.duplicate === 0;
    return {
      tone: 'attention',
      what: none ? 'No message is in the lake' : 'Some messages are not in the lake',
      where: none ? `${outside.sum}.` : `${outside.sum}. All others are there.`,
      next: LOOK,
      show: { which: outside.first, label: 'Show which' },
    };
  }
  const needy = some([
    ['attention', staging.attention, staging.attention === 1 ? 'needs attention' : 'need attention'],
    ['stuck', staging.stuck, staging.stuck === 1 ? 'is stuck' : 'are stuck'],
  ]);
  if (needy) {
    return {
      tone: 'attention',
      what: 'Every message is in the lake, and some need you',
      where: `${needy.sum}.`,
      next: LOOK,
      show: { which: needy.first, label: 'Show which' },
    };
  }
  return {
    tone: 'good',
    what: 'Every message is in the lake',
    where:
      staging.waiting > 0
        ? `${counted(staging.waiting, 'message is', 'messages are')} still on the way to being ready to use; that goes on by itself.`
        : 'What became of each stands below. Save the report to keep it or pass it on.',
  };
}

const LOOK = 'Choose a message below to see why, and what to do.';

function some(parts: [WhichLines, number, string][]): { sum: string; first: WhichLines } | null {
  const present = parts.filter(([, number]) => number > 0);
  const [first] = present;
  if (!first) return null;
  return { sum: present.map(([, number, words]) => `${count(number)} ${words}`).join(', '), first: first[0] };
}

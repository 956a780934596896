import type { IconName } from './icons';

/** What a colour may mean. */
export type Tone = 'good' | 'attention' | 'bad' | 'waiting' | 'neutral';

/** How a stretch of a bar is filled, so that neighbours of one tone can be told apart without colour. */
export type Fill = 'solid' | 'striped';

/** Everything that can have become of a message. */
export type Status =
  | 'in-lake'
  | 'duplicate'
  | 'denied'
  | 'cannot-be-sent'
  | 'not-sent'
  | 'checking'
  | 'to-be-sent'
  | 'received'
  | 'ready'
  | 'attention'
  | 'stuck'
  | 'set-aside'
  | 'fix-sent'
  | 'fixed';

interface Look {
  words: string;
  tone: Tone;
  icon: IconName;
  fill: Fill;
}

/** One word, one shape and one colour for each; every screen takes them from here. */
export const statuses: Record<Status, Look> = {
  'in-lake': { words: 'In the lake', tone: 'good', icon: 'in-lake', fill: 'solid' },
  duplicate: { words: 'Duplicate', tone: 'neutral', icon: 'duplicate', fill: 'solid' },
  denied: { words: 'Denied', tone: 'bad', icon: 'denied', fill: 'solid' },
  'cannot-be-sent': { words: 'Cannot be sent', tone: 'bad', icon: 'cross', fill: 'striped' },
  'not-sent': { words: 'Not sent', tone: 'attention', icon: 'dash', fill: 'solid' },
  checking: { words: 'Checking', tone: 'waiting', icon: 'dots', fill: 'solid' },
  'to-be-sent': { words: 'To be sent', tone: 'waiting', icon: 'send', fill: 'striped' },
  received: { words: 'Received', tone: 'waiting', icon: 'received', fill: 'solid' },
  ready: { words: 'Ready to use', tone: 'good', icon: 'ready', fill: 'solid' },
  attention: { words: 'Needs attention', tone: 'attention', icon: 'attention', fill: 'solid' },
  stuck: { words: 'Stuck', tone: 'bad', icon: 'stuck', fill: 'solid' },
  'set-aside': { words: 'Set aside', tone: 'neutral', icon: 'set-aside', fill: 'striped' },
  'fix-sent': { words: 'Fix sent', tone: 'waiting', icon: 'fixed', fill: 'solid' },
  fixed: { words: 'Fixed', tone: 'neutral', icon: 'fixed', fill: 'solid' },
};

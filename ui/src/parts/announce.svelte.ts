/** What is said to a screen reader: heard once, seen nowhere. <Announcer /> stands once in the window. */

export type Urgency = 'polite' | 'at-once';

interface Announced {
  text: string;
  /** Counts up, so that the same words are said again. */
  turn: number;
}

class Announcements {
  polite = $state<Announced>({ text: '', turn: 0 });
  atOnce = $state<Announced>({ text: '', turn: 0 });
}

export const announcements = new Announcements();

/** Says `text` when the reader pauses (`polite`), or breaks in (`at-once`: only what must not be missed). */
export function announce(text: string, urgency: Urgency = 'polite'): void {
  if (urgency === 'at-once') announcements.atOnce = { text, turn: announcements.atOnce.turn + 1 };
  else announcements.polite = { text, turn: announcements.polite.turn + 1 };
}

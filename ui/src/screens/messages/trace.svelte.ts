import type { Backend, MessageHistory } from '../../backend/backend';
import { Reading } from '../../backend/reading.svelte';

/** The history of one message; and of another that it speaks of, at a press. */
export class Trace {
  readonly messageId: string;
  readonly reading: Reading<MessageHistory>;
  /** Whose history is shown. */
  shown = $state.raw('');

  constructor(backend: Backend, messageId: string) {
    this.messageId = messageId;
    this.shown = messageId;
    this.reading = new Reading(() => backend.history(this.shown));
  }

  /** The history speaks of another message than the one it began with. */
  isOther = $derived.by(() => this.shown !== this.messageId);

  read(): Promise<void> {
    return this.reading.read();
  }

  show(messageId: string): Promise<void> {
    this.shown = messageId;
    return this.reading.read();
  }
}

import { untrack } from 'svelte';
import type { Backend, MessageHistory } from '../../backend/backend';
import { Reading } from '../../backend/reading.svelte';

/** The history of one message; and of another that it speaks of, at a press. */
export class Trace {
  readonly messageId: string;
  /** Whose history is shown. */
  shown = $state.raw('');
  /** Of that message only: another has a reading of its own, so that no answer is ever shown for the wrong one. */
  reading: Reading<MessageHistory> = $state.raw(new Reading(() => this.#backend.history(this.messageId)));
  readonly #backend: Backend;

  constructor(backend: Backend, messageId: string) {
    this.#backend = backend;
    this.messageId = messageId;
    this.shown = messageId;
  }

  /** The history speaks of another message than the one it began with. */
  isOther = $derived.by(() => this.shown !== this.messageId);

  /** What asks for it does so once, not again for each other message. */
  read(): Promise<void> {
    return untrack(() => this.reading).read();
  }

  show(messageId: string): Promise<void> {
    this.shown = messageId;
    this.reading = new Reading(() => this.#backend.history(messageId));
    return this.read();
  }
}

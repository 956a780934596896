import type { Backend, MessageRow, MessageWhich, Problem } from '../../backend/backend';
import { problemOf } from '../../backend/backend';

/** A list of the lake's messages, opened once and read on at a press. */
export class MessageList {
  rows = $state.raw<MessageRow[]>([]);
  done = $state.raw(false);
  busy = $state.raw(false);
  problem = $state.raw<Problem | null>(null);
  /** Nothing has been read yet. */
  fresh = $state.raw(true);
  #list: number | null = null;
  #choice = 0;
  readonly #backend: Backend;

  constructor(backend: Backend) {
    this.#backend = backend;
  }

  async open(which: MessageWhich, from: string | null, to: string | null): Promise<void> {
    const choice = (this.#choice += 1);
    this.#close();
    this.busy = true;
    this.problem = null;
    try {
      const page = await this.#backend.openMessages(which, from, to);
      if (choice !== this.#choice) {
        void this.#backend.closeMessages(page.list).catch(() => {});
        return;
      }
      this.#list = page.list;
      this.rows = page.rows;
      this.done = page.done;
      this.fresh = false;
    } catch (thrown) {
      if (choice !== this.#choice) return;
      this.rows = [];
      this.done = true;
      this.problem = problemOf(thrown);
    }
    this.busy = false;
  }

  async more(): Promise<void> {
    if (this.busy || this.done || this.#list === null) return;
    const choice = this.#choice;
    this.busy = true;
    this.problem = null;
    try {
      const page = await this.#backend.moreMessages(this.#list);
      if (choice !== this.#choice) return;
      this.rows = [...this.rows, ...page.rows];
      this.done = page.done;
    } catch (thrown) {
      if (choice !== this.#choice) return;
      this.problem = problemOf(thrown);
    }
    this.busy = false;
  }

  /** The list is not looked at any more. */
  leave(): void {
    this.#choice += 1;
    this.#close();
  }

  #close(): void {
    if (this.#list !== null) void this.#backend.closeMessages(this.#list).catch(() => {});
    this.#list = null;
  }
}

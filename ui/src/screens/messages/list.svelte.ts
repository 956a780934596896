import type { Backend, MessagePage, MessageRow, MessageWhich, Problem } from '../../backend/backend';
import { problemOf } from '../../backend/backend';

/** Rows that one reading is to bring, if there are so many: pages may be short, or empty, where few messages match. */
const ENOUGH = 100;

/** A list of the lake's messages, opened once and read on at a press. */
export class MessageList {
  rows = $state.raw<MessageRow[]>([]);
  /** Messages looked at so far, those that do not match among them. */
  lookedAt = $state.raw(0);
  done = $state.raw(false);
  busy = $state.raw(false);
  problem = $state.raw<Problem | null>(null);
  /** Nothing has been read yet. */
  fresh = $state.raw(true);
  /** Counts the lists opened: each begins at its top. */
  opened = $state.raw(0);
  #list: number | null = null;
  /** Answers to what is not asked any more are thrown away. */
  #turn = 0;
  #stopping = false;
  readonly #backend: Backend;

  constructor(backend: Backend) {
    this.#backend = backend;
  }

  async open(which: MessageWhich, from: string | null, to: string | null): Promise<void> {
    const turn = this.#begin();
    this.#close();
    try {
      const page = await this.#backend.openMessages(which, from, to);
      if (turn !== this.#turn) {
        this.#leave(page.list);
        return;
      }
      this.#list = page.list;
      this.rows = [];
      this.opened += 1;
      await this.#gather(turn, page);
    } catch (thrown) {
      if (turn !== this.#turn) return;
      if (this.#list === null) {
        this.rows = [];
        this.done = true;
      }
      this.#end(problemOf(thrown));
    }
  }

  /** Reads on. */
  async more(): Promise<void> {
    const list = this.#list;
    if (this.busy || this.done || list === null) return;
    const turn = this.#begin();
    try {
      const page = await this.#backend.moreMessages(list);
      if (turn === this.#turn) await this.#gather(turn, page);
    } catch (thrown) {
      if (turn === this.#turn) this.#end(problemOf(thrown));
    }
  }

  /** Reads no further for now; the page that is on its way is still taken. */
  stop(): void {
    this.#stopping = true;
  }

  /** The list is not looked at any more. */
  leave(): void {
    this.#turn += 1;
    this.#close();
  }

  #begin(): number {
    this.busy = true;
    this.problem = null;
    this.#stopping = false;
    return (this.#turn += 1);
  }

  #end(problem: Problem | null): void {
    this.problem = problem;
    this.busy = false;
  }

  async #gather(turn: number, first: MessagePage): Promise<void> {
    let page = first;
    let gathered = 0;
    for (;;) {
      this.rows = [...this.rows, ...page.rows];
      this.lookedAt = page.lookedAt;
      this.done = page.done;
      this.fresh = false;
      gathered += page.rows.length;
      if (page.done || gathered >= ENOUGH || this.#stopping) return this.#end(null);
      page = await this.#backend.moreMessages(page.list);
      if (turn !== this.#turn) return;
    }
  }

  #close(): void {
    if (this.#list !== null) this.#leave(this.#list);
    this.#list = null;
  }

  #leave(list: number): void {
    void this.#backend.closeMessages(list).catch(() => {});
  }
}

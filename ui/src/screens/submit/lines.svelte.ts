import type { Backend, LineRow, SubmissionView, WhichLines } from '../../backend/backend';
import { pageRows } from '../../parts/table/pages.svelte';

/** The rows of a submission's table: which of them, and the one that is looked at. The table itself asks for what it shows. */
export class Lines {
  which = $state.raw<WhichLines>('all');
  selected = $state.raw<LineRow | null>(null);
  /** For the table: when it changes, all is read anew. */
  readonly read = (offset: number, limit: number): Promise<LineRow[]> => this.#read(offset, limit);
  readonly #backend: Backend;
  readonly #id: number;
  /** The first rows, asked for before there is a table; it takes them once. */
  #first: Promise<LineRow[]> | null = null;

  constructor(backend: Backend, id: number) {
    this.#backend = backend;
    this.#id = id;
  }

  /** Asks for the first rows together with the submission itself: they are there when the table is. */
  readAhead(): void {
    this.#first = this.#ask(0, pageRows);
    // Who takes them is told of a fault; nobody may.
    this.#first.catch(() => undefined);
  }

  choose(which: WhichLines): void {
    this.which = which;
    this.selected = null;
  }

  async #ask(offset: number, limit: number): Promise<LineRow[]> {
    return (await this.#backend.lines(this.#id, this.which, offset, limit)).rows;
  }

  async #read(offset: number, limit: number): Promise<LineRow[]> {
    const ahead = offset === 0 && limit === pageRows && this.which === 'all' ? this.#first : null;
    this.#first = null;
    const rows = await (ahead ?? this.#ask(offset, limit));
    // The details beside the table are as fresh as the table.
    const { selected } = this;
    if (selected) this.selected = rows.find((row) => row.row === selected.row) ?? selected;
    return rows;
  }
}

/** How many rows a table so narrowed has: the very counts that stand above it. */
export function rowsOf({ counts, staging }: SubmissionView, which: WhichLines): number {
  switch (which) {
    case 'all':
      return counts.found;
    case 'not-sent':
      return counts.notSent;
    case 'ingested':
    case 'duplicate':
    case 'denied':
    case 'invalid':
    case 'unconfirmed':
      return counts[which];
    case 'waiting':
    case 'ready':
    case 'attention':
    case 'stuck':
    case 'closed':
      return staging[which];
  }
}

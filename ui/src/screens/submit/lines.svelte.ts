import type { Backend, LineRow, SubmissionView, WhichLines } from '../../backend/backend';

/** The rows of a submission's table: which of them, and the one that is looked at. The table itself asks for what it shows. */
export class Lines {
  which = $state.raw<WhichLines>('all');
  selected = $state.raw<LineRow | null>(null);
  /** For the table: when it changes, all is read anew. */
  readonly read = (offset: number, limit: number): Promise<LineRow[]> => this.#read(offset, limit);
  readonly #backend: Backend;
  readonly #id: number;

  constructor(backend: Backend, id: number) {
    this.#backend = backend;
    this.#id = id;
  }

  choose(which: WhichLines): void {
    this.which = which;
    this.selected = null;
  }

  async #read(offset: number, limit: number): Promise<LineRow[]> {
    const { rows } = await this.#backend.lines(this.#id, this.which, offset, limit);
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

import type { Backend, LineRow, Problem, WhichLines } from '../../backend/backend';
import { problemOf } from '../../backend/backend';

/** Rows asked for at a time. */
const PAGE = 200;

/** Pages that stay in memory. */
const KEPT = 40;

/**
 * The rows of a submission's table. Only what is looked at is asked for, and asked for again at a hint; until the answer
 * comes the old rows stay, so that nothing flickers and no scroll jumps, at 100,000 rows as at ten.
 */
export class Lines {
  which = $state.raw<WhichLines>('all');
  total = $state.raw(0);
  problem = $state.raw<Problem | null>(null);
  /** Nothing has been read yet of what is chosen. */
  fresh = $state.raw(true);
  /** The row that is looked at in detail. */
  selected = $state.raw<LineRow | null>(null);
  #pages = $state.raw(new Map<number, LineRow[]>());
  #stale = new Set<number>();
  #asking = new Set<number>();
  #wanted: [first: number, last: number] = [0, 0];
  /** Answers to questions about another choice are thrown away. */
  #choice = 0;
  readonly #backend: Backend;
  readonly #id: number;

  constructor(backend: Backend, id: number) {
    this.#backend = backend;
    this.#id = id;
  }

  /** The row at a place of the table; undefined until it is read. */
  row(index: number): LineRow | undefined {
    return this.#pages.get(Math.floor(index / PAGE))?.[index % PAGE];
  }

  /** Tells which places are looked at. */
  want(first: number, last: number): void {
    this.#wanted = [first, last];
    this.#ask();
  }

  choose(which: WhichLines): void {
    if (which === this.which) return;
    this.which = which;
    this.fresh = true;
    this.selected = null;
    this.#choice += 1;
    this.#asking.clear();
    this.#stale = new Set(this.#pages.keys());
    this.#wanted = [0, 0];
    this.#ask();
  }

  /** Something changed: what is looked at is read again now, the rest when it is looked at. */
  refresh(): void {
    this.#stale = new Set([...this.#pages.keys(), ...this.#asking]);
    this.#ask();
  }

  #ask(): void {
    const [first, last] = this.#wanted;
    for (let page = Math.floor(first / PAGE); page <= Math.floor(last / PAGE); page += 1) {
      const known = this.#pages.has(page) && !this.#stale.has(page);
      if (!known && !this.#asking.has(page)) void this.#read(page);
    }
  }

  async #read(page: number): Promise<void> {
    const choice = this.#choice;
    this.#asking.add(page);
    this.#stale.delete(page);
    try {
      const told = await this.#backend.lines(this.#id, this.which, page * PAGE, PAGE);
      if (choice !== this.#choice) return;
      const pages = this.fresh ? new Map<number, LineRow[]>() : new Map(this.#pages);
      pages.delete(page);
      pages.set(page, told.rows);
      for (const oldest of [...pages.keys()].slice(0, Math.max(0, pages.size - KEPT))) pages.delete(oldest);
      this.#pages = pages;
      this.total = told.total;
      this.fresh = false;
      this.problem = null;
      const { selected } = this;
      if (selected) this.selected = told.rows.find((row) => row.row === selected.row) ?? selected;
    } catch (thrown) {
      if (choice !== this.#choice) return;
      this.problem = problemOf(thrown);
    }
    this.#asking.delete(page);
    // A hint came while this page was being read.
    if (this.#stale.has(page)) this.#ask();
  }
}

/** Reads `limit` rows from `offset` on; fewer at the end. */
export type ReadRows<Row> = (offset: number, limit: number) => Promise<Row[]>;

/** Rows in one reading, unless a table wants others. */
export const pageRows = 100;

interface Page<Row> {
  rows: Row[];
  /** How many rows there were in all when it was read: a short page is read again when there are more. */
  total: number;
  stale: boolean;
}

interface Limits {
  pageSize?: number;
  /** Pages kept; those looked at last stay. */
  most?: number;
  /** Readings under way at once. */
  atOnce?: number;
}

/**
 * The rows of a table that are in memory, a page at a time. Only what is looked at is asked for: what was scrolled past
 * while others were read is never read. What is stale is shown until the new is there.
 */
export class RowPages<Row> {
  /** The last reading that failed, until it is tried again. */
  problem = $state.raw<unknown>();
  /** Readings under way for what is looked at. */
  reading = $state(0);

  readonly #read: ReadRows<Row>;
  readonly #size: number;
  readonly #most: number;
  readonly #atOnce: number;
  readonly #pages = new Map<number, Page<Row>>();
  /** Under way; true when what comes is already stale. */
  readonly #under = new Map<number, boolean>();
  readonly #failed = new Set<number>();
  #looked = { start: 0, end: 0, total: 0 };
  #arrivals = $state(0);

  constructor(read: ReadRows<Row>, { pageSize = pageRows, most = 40, atOnce = 3 }: Limits = {}) {
    this.#read = read;
    this.#size = pageSize;
    this.#most = most;
    this.#atOnce = atOnce;
  }

  /** Counts up whenever rows came in. */
  get arrivals(): number {
    return this.#arrivals;
  }

  /** The row, if it is in memory. */
  at(index: number): Row | undefined {
    void this.#arrivals;
    return this.#pages.get(Math.floor(index / this.#size))?.rows[index % this.#size];
  }

  /** These rows, of so many, are on the screen: read what of them is not in memory. */
  look(start: number, end: number, total: number): void {
    this.#looked = { start, end: Math.min(end, total), total };
    for (const number of this.#inView()) this.#touch(number);
    this.#pump();
  }

  /** Something changed: read again what is on the screen, and forget what is not. */
  refresh(): void {
    const inView = new Set(this.#inView());
    for (const [number, page] of this.#pages) {
      if (inView.has(number)) page.stale = true;
      else this.#pages.delete(number);
    }
    for (const number of this.#under.keys()) this.#under.set(number, true);
    this.retry();
  }

  /** Tries again what could not be read. */
  retry(): void {
    this.#failed.clear();
    this.problem = undefined;
    this.#pump();
  }

  #inView(): number[] {
    const { start, end } = this.#looked;
    const from = Math.floor(start / this.#size);
    const to = Math.ceil(end / this.#size);
    return Array.from({ length: Math.max(0, to - from) }, (_, step) => from + step);
  }

  #touch(number: number): void {
    const page = this.#pages.get(number);
    if (!page) return;
    this.#pages.delete(number);
    this.#pages.set(number, page);
  }

  #pump(): void {
    for (const number of this.#inView()) {
      if (this.#under.size >= this.#atOnce) break;
      if (this.#wanted(number)) void this.#fetch(number);
    }
    this.reading = this.#under.size;
  }

  #wanted(number: number): boolean {
    if (this.#under.has(number) || this.#failed.has(number)) return false;
    const page = this.#pages.get(number);
    if (!page || page.stale) return true;
    const { total } = this.#looked;
    const expected = Math.min(this.#size, total - number * this.#size);
    return page.rows.length < expected && page.total !== total;
  }

  async #fetch(number: number): Promise<void> {
    this.#under.set(number, false);
    const { total } = this.#looked;
    try {
      const rows = await this.#read(number * this.#size, this.#size);
      this.#pages.delete(number);
      this.#pages.set(number, { rows, total, stale: this.#under.get(number) ?? false });
      this.#forget();
      this.#arrivals += 1;
    } catch (problem) {
      this.#failed.add(number);
      this.problem = problem;
    } finally {
      this.#under.delete(number);
      this.#pump();
    }
  }

  #forget(): void {
    const inView = new Set(this.#inView());
    for (const number of this.#pages.keys()) {
      if (this.#pages.size <= this.#most) return;
      if (!inView.has(number)) this.#pages.delete(number);
    }
  }
}

import type { Backend, SubmissionRow } from '../../backend/backend';
import { Reading } from '../../backend/reading.svelte';

/** Rows asked for at a press. */
const STEP = 50;
/** Rows that the program gives at a time, at most. */
const PAGE = 500;

/** Earlier submissions, newest first; more at a press. Whatever is shown is read anew at each reading. */
export class EarlierSubmissions {
  readonly reading: Reading<SubmissionRow[]>;
  readonly #backend: Backend;
  #wanted = $state(STEP);

  constructor(backend: Backend) {
    this.#backend = backend;
    this.reading = new Reading(() => this.#newest(this.#wanted));
  }

  rows = $derived.by(() => this.reading.value);
  /** There may be older ones. */
  more = $derived.by(() => (this.rows?.length ?? 0) >= this.#wanted);

  read(): Promise<void> {
    return this.reading.read();
  }

  readOn(): Promise<void> {
    this.#wanted += STEP;
    return this.reading.read();
  }

  /** The newest, page by page, each from where the one before ended. */
  async #newest(wanted: number): Promise<SubmissionRow[]> {
    const rows: SubmissionRow[] = [];
    for (;;) {
      const limit = Math.min(PAGE, wanted - rows.length);
      const page = await this.#backend.submissions(rows.at(-1)?.id ?? null, limit);
      rows.push(...page);
      if (page.length < limit || rows.length >= wanted) return rows;
    }
  }
}

import type { Backend, SubmissionRow } from '../../backend/backend';
import { Reading } from '../../backend/reading.svelte';

/** Rows asked for at a time. */
const STEP = 50;

/** Earlier submissions, newest first; more at a press. */
export class EarlierSubmissions {
  readonly reading: Reading<SubmissionRow[]>;
  #wanted = $state(STEP);

  constructor(backend: Backend) {
    this.reading = new Reading(() => backend.submissions(null, this.#wanted));
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
}

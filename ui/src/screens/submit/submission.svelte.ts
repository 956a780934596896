import type { Backend, SubmissionView } from '../../backend/backend';
import { Doing, Reading } from '../../backend/reading.svelte';
import { Lines } from './lines.svelte';

/** How often a submission is read at most: faster changes nobody can follow. */
const EVERY_MILLISECONDS = 300;

/** One submission on screen: how it stands, its rows, and what the steward does with it. */
export class Submission {
  readonly id: number;
  readonly reading: Reading<SubmissionView>;
  readonly lines: Lines;
  readonly doing = new Doing();
  readonly saving = new Doing();
  /** Counts up whenever it was read anew: the table's sign to do the same. */
  turn = $state(0);
  readonly #backend: Backend;
  #last = -Infinity;
  #due: ReturnType<typeof setTimeout> | undefined;

  constructor(backend: Backend, id: number) {
    this.#backend = backend;
    this.id = id;
    this.reading = new Reading(() => backend.submission(id));
    this.lines = new Lines(backend, id);
  }

  view = $derived.by(() => this.reading.value);

  /** Reads it now. */
  async refresh(): Promise<void> {
    clearTimeout(this.#due);
    this.#due = undefined;
    this.#last = performance.now();
    await this.reading.read();
    this.turn += 1;
  }

  /** A hint came: reads it soon, and once however many hints come until then. */
  hinted(): void {
    if (this.#due !== undefined) return;
    const wait = Math.max(0, this.#last + EVERY_MILLISECONDS - performance.now());
    this.#due = setTimeout(() => void this.refresh(), wait);
  }

  /** It is not looked at any more. */
  leave(): void {
    clearTimeout(this.#due);
  }

  /** The yes after the review; takes up a paused one; tries a waiting one at once. */
  send(): Promise<boolean> {
    return this.#act(() => this.#backend.sendSubmission(this.id));
  }

  pause(): Promise<boolean> {
    return this.#act(() => this.#backend.pauseSubmission(this.id));
  }

  cancel(): Promise<boolean> {
    return this.#act(() => this.#backend.cancelSubmission(this.id));
  }

  /** Saves the report; the name under which it was, if it was. */
  async saveReport(): Promise<string | null> {
    let saved: string | null = null;
    await this.saving.run(async () => {
      saved = await this.#backend.saveReport(this.id);
    });
    return saved;
  }

  #act(what: () => Promise<void>): Promise<boolean> {
    return this.doing.run(async () => {
      await what();
      await this.refresh();
    });
  }
}

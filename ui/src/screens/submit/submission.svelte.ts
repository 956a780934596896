import type { Backend, SubmissionView } from '../../backend/backend';
import { Doing, Reading } from '../../backend/reading.svelte';
import { Lines } from './lines.svelte';

/** One submission on screen: how it stands, its rows, and what the steward does with it. */
export class Submission {
  readonly id: number;
  readonly reading: Reading<SubmissionView>;
  readonly lines: Lines;
  readonly doing = new Doing();
  readonly saving = new Doing();
  readonly #backend: Backend;
  /** What the steward did last. */
  #last: (() => Promise<void>) | null = null;

  constructor(backend: Backend, id: number) {
    this.#backend = backend;
    this.id = id;
    this.reading = new Reading(() => backend.submission(id));
    this.lines = new Lines(backend, id);
  }

  view = $derived.by(() => this.reading.value);

  refresh(): Promise<void> {
    return this.reading.read();
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

  /** Tries once more what came to nothing, and nothing else: cancelling after cancelling. */
  async again(): Promise<boolean> {
    return this.#last === null ? false : this.#act(this.#last);
  }

  /** Has it looked up once what became of messages that needed somebody before. Without that, what was known stays. */
  lookAgain(): void {
    this.#backend.lookAgain(this.id).catch(() => {});
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
    // A press meanwhile does nothing, so it is none to be repeated.
    if (!this.doing.busy) this.#last = what;
    return this.doing.run(async () => {
      await what();
      await this.refresh();
    });
  }
}

import type { Problem } from './backend';
import { problemOf } from './backend';

/**
 * Something that is read, and read again whenever a hint says so. What was read stays while it is read anew, so nothing
 * flickers; hints that come meanwhile make one more reading, not one each.
 */
export class Reading<T> {
  value = $state.raw<T | null>(null);
  problem = $state.raw<Problem | null>(null);
  busy = $state(false);
  /** Counts the readings that went well. */
  turn = $state(0);
  #ask: () => Promise<T>;
  #then: (value: T) => void;
  #reading: Promise<void> | null = null;
  #again = false;
  #due: ReturnType<typeof setTimeout> | undefined;
  #last = -Infinity;

  /** `then` is what follows from each reading that went well, however it came to be made. */
  constructor(ask: () => Promise<T>, then: (value: T) => void = () => {}) {
    this.#ask = ask;
    this.#then = then;
  }

  /** Resolves when what was so at the call has been read. */
  read(): Promise<void> {
    if (this.#reading) this.#again = true;
    else this.#reading = this.#run();
    return this.#reading;
  }

  /** A hint came: reads soon, once for all hints until then, and no more often than so. */
  soon(everyMilliseconds = 300): void {
    if (this.#due !== undefined) return;
    const wait = Math.max(0, this.#last + everyMilliseconds - performance.now());
    this.#due = setTimeout(() => {
      // Let go of first: a reading may be under way, and hints that come after it must find nothing due.
      this.leave();
      void this.read();
    }, wait);
  }

  /** It is not looked at any more: hints that came are let go. */
  leave(): void {
    clearTimeout(this.#due);
    this.#due = undefined;
  }

  async #run(): Promise<void> {
    this.leave();
    this.busy = true;
    this.#last = performance.now();
    do {
      this.#again = false;
      try {
        const value = await this.#ask();
        this.value = value;
        this.problem = null;
        this.turn += 1;
        this.#then(value);
      } catch (thrown) {
        this.problem = problemOf(thrown);
      }
    } while (this.#again);
    this.busy = false;
    this.#reading = null;
  }
}

/** Something that is done at a press: busy while it is, with the problem when it came to nothing. */
export class Doing {
  busy = $state(false);
  problem = $state.raw<Problem | null>(null);

  /** True when it was done. A second press meanwhile does nothing. */
  async run(what: () => Promise<void>): Promise<boolean> {
    if (this.busy) return false;
    this.busy = true;
    this.problem = null;
    try {
      await what();
      return true;
    } catch (thrown) {
      this.problem = problemOf(thrown);
      return false;
    } finally {
      this.busy = false;
    }
  }
}

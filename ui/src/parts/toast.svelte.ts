import type { Tone } from './status';

/** Short news that need no answer. What needs one is a ProblemNote or a Dialog. */

export interface Toast {
  id: number;
  text: string;
  tone: Tone;
  action?: { label: string; onclick: () => void };
}

const readableMilliseconds = 7000;
const most = 3;

class Toasts {
  shown = $state<Toast[]>([]);
  #next = 1;
  #timers = new Map<number, ReturnType<typeof setTimeout>>();

  show(text: string, options: { tone?: Tone; action?: Toast['action'] } = {}): number {
    const id = this.#next++;
    const toast: Toast = { id, text, tone: options.tone ?? 'neutral' };
    if (options.action) toast.action = options.action;
    for (const old of this.shown.slice(0, Math.max(0, this.shown.length + 1 - most))) this.hide(old.id);
    this.shown.push(toast);
    this.resume();
    return id;
  }

  hide(id: number): void {
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
    this.shown = this.shown.filter((toast) => toast.id !== id);
  }

  /** While pointer or focus are there, nothing goes away. */
  pause(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }

  resume(): void {
    for (const { id, action } of this.shown) {
      // What can be acted on stays until it is closed: no one should have to be quick.
      if (action || this.#timers.has(id)) continue;
      this.#timers.set(
        id,
        setTimeout(() => this.hide(id), readableMilliseconds),
      );
    }
  }
}

export const toasts = new Toasts();

/** Shows short news at the foot of the window; gone after seven seconds, unless it has an action. */
export function toast(text: string, options: { tone?: Tone; action?: Toast['action'] } = {}): number {
  return toasts.show(text, options);
}

import type { Attachment } from 'svelte/attachments';

/**
 * The tooltip: one element for the whole window, shown beside what the pointer rests on or the focus is at. One for all,
 * because a table has thousands of cells that could want one. As WCAG 2.2, 1.4.13 asks: Escape hides it, the pointer may
 * move onto it, and it stays until pointer and focus have left.
 */
export function hint(text: string | undefined | null | (() => string | undefined)): Attachment<HTMLElement> {
  return (element) => {
    const read = typeof text === 'function' ? text : () => text ?? undefined;
    const show = () => tip.show(element, read());
    const hide = () => tip.leave(element);
    const arrive = () => tip.arrive(element, show);
    element.addEventListener('pointerenter', arrive);
    element.addEventListener('pointerleave', hide);
    element.addEventListener('focusin', focused);
    element.addEventListener('focusout', hide);
    element.addEventListener('pointerdown', dismiss);
    // Text that changes while it is shown is shown anew.
    if (tip.isAt(element)) show();
    return () => {
      element.removeEventListener('pointerenter', arrive);
      element.removeEventListener('pointerleave', hide);
      element.removeEventListener('focusin', focused);
      element.removeEventListener('focusout', hide);
      element.removeEventListener('pointerdown', dismiss);
      // Attached again at once when the text changes: only what has left the page takes its hint along.
      queueMicrotask(() => {
        if (!element.isConnected) tip.hide();
      });
    };

    function focused() {
      if (!moved) return;
      if (element.querySelector(':focus-visible') || element.matches(':focus-visible')) show();
    }

    function dismiss() {
      tip.hide();
    }
  };
}

/**
 * The last key moved the focus. Where a dialog puts it by itself, nobody asked for a hint, and Escape is for the dialog.
 */
let moved = false;
document.addEventListener('keydown', ({ key }) => (moved = key === 'Tab' || key.startsWith('Arrow')), true);

const restMilliseconds = 350;
const gapPixels = 6;

class Tip {
  #element: HTMLElement | undefined;
  #at: HTMLElement | undefined;
  #waiting: ReturnType<typeof setTimeout> | undefined;

  isAt(element: HTMLElement): boolean {
    return this.#at === element;
  }

  /** The pointer came: wait until it rests, unless a hint is open already and the eye is there. */
  arrive(element: HTMLElement, show: () => void): void {
    clearTimeout(this.#waiting);
    if (this.#at === element) return;
    this.#waiting = setTimeout(show, this.#at ? 0 : restMilliseconds);
  }

  /** Pointer or focus left: hide soon, so that the pointer can reach the hint itself. */
  leave(element: HTMLElement): void {
    clearTimeout(this.#waiting);
    if (this.#at !== element) return;
    this.#waiting = setTimeout(() => {
      if (!this.#at?.matches(':focus-visible')) this.hide();
    }, 100);
  }

  show(element: HTMLElement, text: string | undefined): void {
    clearTimeout(this.#waiting);
    if (!text || !element.isConnected) return this.hide();
    const tip = this.#body();
    if (this.#at !== element) this.#undescribe();
    this.#at = element;
    tip.textContent = text;
    tip.hidden = false;
    this.#place(tip, element.getBoundingClientRect());
    if (element.getAttribute('aria-label') !== text) this.#describe(element, tip.id);
  }

  hide(): void {
    clearTimeout(this.#waiting);
    this.#undescribe();
    this.#at = undefined;
    if (!this.#element) return;
    this.#element.hidden = true;
    // What is no longer shown is no longer there: it may have been a patient's name.
    this.#element.textContent = '';
  }

  #describe(element: HTMLElement, id: string): void {
    if (!element.hasAttribute('aria-describedby')) element.setAttribute('aria-describedby', id);
  }

  #undescribe(): void {
    if (this.#at?.getAttribute('aria-describedby') === this.#element?.id)
      this.#at?.removeAttribute('aria-describedby');
  }

  #place(tip: HTMLElement, target: DOMRect): void {
    const { width, height } = tip.getBoundingClientRect();
    const below = target.bottom + gapPixels + height <= window.innerHeight;
    const top = below ? target.bottom + gapPixels : target.top - gapPixels - height;
    const left = target.left + target.width / 2 - width / 2;
    tip.style.top = `${Math.max(gapPixels, top)}px`;
    tip.style.left = `${Math.max(gapPixels, Math.min(left, window.innerWidth - width - gapPixels))}px`;
  }

  #body(): HTMLElement {
    if (this.#element?.isConnected) return this.#element;
    const tip = document.createElement('div');
    tip.id = 'hint';
    tip.className = 'hint';
    tip.role = 'tooltip';
    tip.hidden = true;
    tip.addEventListener('pointerenter', () => clearTimeout(this.#waiting));
    tip.addEventListener('pointerleave', () => this.hide());
    document.addEventListener('keydown', (event) => event.key === 'Escape' && this.#escape(event), true);
    document.addEventListener('scroll', () => this.hide(), { capture: true, passive: true });
    // Within the screen, for who jumps from landmark to landmark.
    (document.querySelector('main') ?? document.body).append(tip);
    this.#element = tip;
    return tip;
  }

  /** The first Escape takes the hint away and nothing else: a dialog behind it stays open. */
  #escape(event: KeyboardEvent): void {
    if (!this.#at) return;
    this.hide();
    event.stopPropagation();
  }
}

const tip = new Tip();

/** For one listener over many elements: the pointer is on `element`, about which there is more to say. */
export function pointAt(element: HTMLElement, text: string): void {
  tip.arrive(element, () => tip.show(element, text));
}

/** The pointer left `element` again. */
export function pointAway(element: HTMLElement | null): void {
  if (element) tip.leave(element);
}

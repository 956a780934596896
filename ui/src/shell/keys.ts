import type { App } from './app.svelte';
import { screens, visit } from './screens';

/** A shortcut as the dialog lists it; `or` are the keys of a second way to the same. */
interface Shortcut {
  keys: string[];
  or?: string[];
  what: string;
}

/** The keys of the window. None is a single letter or sign: who speaks what they type would press them by chance. */
export const keys: Shortcut[] = [
  ...screens.map(({ label }, index) => ({ keys: ['Ctrl', String(index + 1)], what: label })),
  { keys: ['Ctrl', 'O'], what: 'Choose files to submit' },
  { keys: ['Ctrl', '/'], or: ['F1'], what: 'These shortcuts' },
  { keys: ['Esc'], what: 'Close what is open: a dialog, a menu, the details of a message' },
];

/** Does what a key of the window asks for, unless a dialog is open. */
export function follow(event: KeyboardEvent, app: App, showShortcuts: () => void): void {
  if (event.defaultPrevented || document.querySelector('[role="dialog"]')) return;
  const held = (event.ctrlKey || event.metaKey) && !event.altKey;
  const alone = !event.ctrlKey && !event.metaKey && !event.altKey && !event.shiftKey;
  // On many keyboards the stroke is typed with Shift.
  if ((held && event.key === '/') || (alone && event.key === 'F1')) {
    event.preventDefault();
    showShortcuts();
  } else if (held && !event.shiftKey && app.rights) {
    const screen = screens[Number(event.key) - 1];
    if (screen) {
      event.preventDefault();
      visit(app, screen.id);
    } else if (event.key.toLowerCase() === 'o') {
      event.preventDefault();
      void app.chooseFiles();
    }
  }
}

import type { App } from './app.svelte';
import { screens, visit } from './screens';

/** The keys of the window, as its dialog of shortcuts lists them. */
export const keys = [
  ...screens.map(({ label }, index) => ({ keys: ['Ctrl', String(index + 1)], what: label })),
  { keys: ['Ctrl', 'O'], what: 'Choose files to submit' },
  { keys: ['?'], what: 'These shortcuts' },
  { keys: ['Esc'], what: 'Close what is open: a dialog, a menu, the details of a message' },
];

/** Does what a key of the window asks for, unless a dialog is open or the steward is writing. */
export function follow(event: KeyboardEvent, app: App, showShortcuts: () => void): void {
  if (event.defaultPrevented || document.querySelector('[role="dialog"]')) return;
  const command = (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey;
  if (command && app.rights) {
    const screen = screens[Number(event.key) - 1];
    if (screen) {
      event.preventDefault();
      visit(app, screen.id);
    } else if (event.key.toLowerCase() === 'o') {
      event.preventDefault();
      void app.chooseFiles();
    }
  } else if (event.key === '?' && !isWriting(event.target)) {
    event.preventDefault();
    showShortcuts();
  }
}

function isWriting(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement && (target.isContentEditable || target.matches('input, textarea, select'))
  );
}

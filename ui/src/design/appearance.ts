/** What the steward chose for the eyes: theme and text size. Kept by whoever calls, applied here. */

export type ThemeChoice = 'system' | 'light' | 'dark';

/** Text sizes on offer, as factors of the system's. */
export const textScales = [1, 1.1, 1.25, 1.5, 1.75, 2] as const;

export function applyTheme(choice: ThemeChoice, root: HTMLElement = document.documentElement): void {
  if (choice === 'system') root.removeAttribute('data-theme');
  else root.dataset['theme'] = choice;
}

/** Sets the text size as a factor of the system's, kept within 1 and 2. */
export function applyTextScale(scale: number, root: HTMLElement = document.documentElement): void {
  const kept = Number.isFinite(scale) ? Math.min(2, Math.max(1, scale)) : 1;
  root.style.setProperty('--text-scale', String(kept));
}

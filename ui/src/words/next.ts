import type { NextStep } from '../backend/backend';

/** What the button beside a problem says; null: there is none. */
export function nextInWords(next: NextStep): string | null {
  switch (next) {
    case 'try-again':
      return 'Try again';
    case 'sign-in':
      return 'Sign in';
    case 'connect':
      return 'Choose a lake';
    case 'diagnose':
      return 'See diagnostics';
    case 'nothing':
      return null;
  }
}

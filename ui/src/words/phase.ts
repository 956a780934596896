import type { PhaseView } from '../backend/backend';

/** How far a submission is, as a heading or a cell says it. */
export function phaseInWords(phase: PhaseView): string {
  switch (phase.is) {
    case 'looking-through':
      return 'Looking through your files';
    case 'review':
      return 'Ready to send';
    case 'sending':
      return 'Sending';
    case 'paused':
      return 'Paused';
    case 'another-program-sends':
      return 'Waiting for another program';
    case 'waits-for-sign-in':
      return 'Waiting for your sign-in';
    case 'waits-for-its-lake':
      return 'Waiting for its lake';
    case 'waits-for-another-sender':
      return 'Waiting for another sign-in';
    case 'waits-for-lake':
      return 'Waiting for the lake';
    case 'waits-for-computer':
      return 'Waiting for this computer';
    case 'checking':
      return 'Checking what arrived';
    case 'cancelled':
      return 'Cancelled';
    case 'ended':
      return 'Finished';
  }
}

/** Whether something is left to do. */
export function isOver(phase: PhaseView): boolean {
  return phase.is === 'ended' || phase.is === 'cancelled';
}

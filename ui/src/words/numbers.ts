import type { ProgressView } from '../backend/backend';

/** A countdown: `4:06`. */
export function countdown(seconds: number): string {
  const left = Math.max(0, Math.ceil(seconds));
  return `${Math.floor(left / 60)}:${String(left % 60).padStart(2, '0')}`;
}

/** Messages a second, as a progress bar takes it. */
export function pace(progress: ProgressView | null): number | undefined {
  return progress === null ? undefined : progress.aMinute / 60;
}

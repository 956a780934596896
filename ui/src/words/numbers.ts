import { count, counted } from '../parts/format';

const tenths = new Intl.NumberFormat('en-GB', { maximumFractionDigits: 1 });

/** `842 messages a second`; below one a second, a minute is the measure. */
export function rate(perSecond: number): string {
  if (perSecond >= 1) return `${counted(Math.round(perSecond), 'message')} a second`;
  return `${counted(Math.round(perSecond * 60), 'message')} a minute`;
}

/** How long something still takes, no finer than one would say it: `about 3 minutes`. */
export function remaining(seconds: number): string {
  if (seconds < 10) return 'a few seconds';
  if (seconds < 55) return `about ${counted(Math.round(seconds / 5) * 5, 'second')}`;
  if (seconds < 3_300) return `about ${counted(Math.max(1, Math.round(seconds / 60)), 'minute')}`;
  return `about ${counted(Math.max(1, Math.round(seconds / 3_600)), 'hour')}`;
}

/** A countdown: `4:06`. */
export function countdown(seconds: number): string {
  const left = Math.max(0, Math.ceil(seconds));
  return `${Math.floor(left / 60)}:${String(left % 60).padStart(2, '0')}`;
}

/** Messages on a usual day: `412`, `2.5`. */
export function usual(number: number): string {
  return number >= 10 ? count(number) : tenths.format(number);
}

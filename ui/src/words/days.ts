const long = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeZone: 'UTC' });
const short = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' });

/** A day of the lake, `2026-11-25`, in words: `25 November 2026`. */
export function lakeDay(day: string): string {
  const at = Date.parse(`${day}T00:00:00Z`);
  return Number.isNaN(at) ? day : long.format(at);
}

/** A range of days of the lake; an end left out is open. */
export function lakeDays(from: string | null, to: string | null): string {
  if (from && to) return from === to ? lakeDay(from) : `${shortDay(from)} to ${lakeDay(to)}`;
  if (from) return `${lakeDay(from)} and after`;
  if (to) return `up to ${lakeDay(to)}`;
  return 'any day';
}

function shortDay(day: string): string {
  const at = Date.parse(`${day}T00:00:00Z`);
  return Number.isNaN(at) ? day : short.format(at);
}

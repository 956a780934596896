/** Points in time in the words of the screen: local, with their zone, exact when asked. */

export type Precision = 'day' | 'minute' | 'second';

/** "26 Nov 2026", "26 Nov 2026, 14:03" or "26 Nov 2026, 14:03:22", in local time (or that of `zone`, an IANA name). */
export function local(time: Date, precision: Precision = 'minute', zone?: string): string {
  return formatter(precision, zone).format(time);
}

/** The short name of local time at that moment: "CET", "GMT+5:30". Summer and winter differ, so it needs the moment. */
export function zoneName(time: Date, zone?: string): string {
  const parts = formatter('zone', zone).formatToParts(time);
  return parts.find((part) => part.type === 'timeZoneName')?.value ?? 'UTC';
}

/** To the millisecond and with both readings: "2026-11-26 14:03:22.123 CET · 2026-11-26T13:03:22.123Z". */
export function exact(time: Date, zone?: string): string {
  const parts = formatter('exact', zone).formatToParts(time);
  const of = Object.fromEntries(parts.map(({ type, value }) => [type, value]));
  const clock = `${of['hour']}:${of['minute']}:${of['second']}.${of['fractionalSecond']}`;
  return `${of['year']}-${of['month']}-${of['day']} ${clock} ${zoneName(time, zone)} · ${time.toISOString()}`;
}

const made = new Map<string, Intl.DateTimeFormat>();

/** Making one costs a hundred times what using it does, and a table needs it for every row. */
function formatter(form: keyof typeof forms, zone: string | undefined): Intl.DateTimeFormat {
  const key = `${form} ${zone ?? ''}`;
  const kept = made.get(key);
  if (kept) return kept;
  const fresh = new Intl.DateTimeFormat('en-GB', { ...forms[form], timeZone: zone });
  made.set(key, fresh);
  return fresh;
}

const inDay = { day: 'numeric', month: 'short', year: 'numeric' } as const;
const inMinute = { ...inDay, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const;
const forms = {
  day: inDay,
  minute: inMinute,
  second: { ...inMinute, second: '2-digit' },
  zone: { timeZoneName: 'short' },
  exact: { ...inMinute, day: '2-digit', month: '2-digit', second: '2-digit', fractionalSecondDigits: 3 },
} as const satisfies Record<string, Intl.DateTimeFormatOptions>;

/** "just now", "3 minutes ago", "in 2 hours", "yesterday"; beyond a month the day itself, which says more. */
export function relative(time: Date, now: Date): string {
  const seconds = (time.getTime() - now.getTime()) / 1000;
  const distance = Math.abs(seconds);
  if (distance < 45) return seconds > 30 ? 'in a moment' : 'just now';
  for (const [unit, length, until] of steps) {
    if (distance < until) return inWords.format(Math.round(seconds / length), unit);
  }
  return local(time, 'day');
}

const inWords = new Intl.RelativeTimeFormat('en-GB', { numeric: 'auto' });
const minute = 60;
const hour = 60 * minute;
const day = 24 * hour;

/** Unit, its seconds, and the distance in seconds up to which it is the right one. */
const steps: [Intl.RelativeTimeFormatUnit, number, number][] = [
  ['minute', minute, 59.5 * minute],
  ['hour', hour, 23.5 * hour],
  ['day', day, 30 * day],
];

/** A moment from what a view model holds: RFC 3339 text or milliseconds; undefined where it is no moment. */
export function moment(value: Date | string | number): Date | undefined {
  const time = value instanceof Date ? value : new Date(value);
  return Number.isNaN(time.getTime()) ? undefined : time;
}

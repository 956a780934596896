/** Numbers, sizes and durations in the words of the screen. One place, so that all screens count alike. */

const whole = new Intl.NumberFormat('en-GB', { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat('en-GB', { maximumFractionDigits: 1 });

/** `18220` as "18,220". */
export function count(number: number): string {
  return whole.format(number);
}

/** "1 message", "18,220 messages"; `many` where the plural is not one `s` more. */
export function counted(number: number, one: string, many = `${one}s`): string {
  return `${count(number)} ${number === 1 ? one : many}`;
}

/** Bytes as "812 bytes", "1.3 kB", "4.2 MB": steps of 1,000, one decimal below ten. */
export function size(bytes: number): string {
  if (bytes < 1000) return counted(bytes, 'byte');
  for (const [unit, factor] of units) {
    const value = bytes / factor;
    // What would be rounded up to a thousand is one of the next unit.
    if (value < 999.5 || unit === 'TB') return `${(value < 9.95 ? short : whole).format(value)} ${unit}`;
  }
  return counted(bytes, 'byte');
}

const units: [string, number][] = [
  ['kB', 1e3],
  ['MB', 1e6],
  ['GB', 1e9],
  ['TB', 1e12],
];

/** Seconds as "less than a second", "42 seconds", "3 min 20 s", "2 h 5 min", "3 days". */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds) || seconds < 0) return 'unknown';
  const all = Math.round(seconds);
  if (all < 1) return 'less than a second';
  if (all < 60) return counted(all, 'second');
  const minutes = Math.floor(all / 60);
  if (minutes < 60) return joined(`${minutes} min`, all % 60, 's');
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return joined(`${count(hours)} h`, minutes % 60, 'min');
  return counted(Math.round(hours / 24), 'day');
}

function joined(first: string, rest: number, unit: string): string {
  return rest === 0 ? first : `${first} ${rest} ${unit}`;
}

/** A share of a whole as "37 %": never 0 % of something and never 100 % of less than all, but "<1 %" and ">99 %". */
export function share(part: number, all: number): string {
  if (all <= 0 || part <= 0) return '0 %';
  if (part >= all) return '100 %';
  const percent = (part / all) * 100;
  if (percent < 1) return '<1 %';
  return percent > 99 ? '>99 %' : `${Math.round(percent)} %`;
}

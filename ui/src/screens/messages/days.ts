/** Days of the lake to choose from. They begin at midnight UTC wherever the steward is. */
export const dayChoices = [
  { value: 'any', label: 'Any day' },
  { value: 'today', label: 'Today' },
  { value: 'yesterday', label: 'Yesterday' },
  { value: 'week', label: 'The last 7 days' },
  { value: 'month', label: 'The last 30 days' },
  { value: 'chosen', label: 'Days of your choice' },
] as const;

export type DayChoice = (typeof dayChoices)[number]['value'];

/** Both ends included; null: open. */
export interface Days {
  from: string | null;
  to: string | null;
}

/** The days that a choice means at this moment; those typed for the steward's own choice. */
export function daysOf(choice: DayChoice, typed: Days, now: Date): Days {
  switch (choice) {
    case 'any':
      return { from: null, to: null };
    case 'today':
      return { from: day(now, 0), to: day(now, 0) };
    case 'yesterday':
      return { from: day(now, 1), to: day(now, 1) };
    case 'week':
      return { from: day(now, 6), to: day(now, 0) };
    case 'month':
      return { from: day(now, 29), to: day(now, 0) };
    case 'chosen':
      return typed;
  }
}

/** The choice that means these days, for showing what a link asked for. */
export function choiceOf(days: Days, now: Date): DayChoice {
  const same = ({ value }: { value: DayChoice }) => {
    if (value === 'chosen') return false;
    const { from, to } = daysOf(value, days, now);
    return from === days.from && to === days.to;
  };
  return dayChoices.find(same)?.value ?? 'chosen';
}

/** Why what was typed is no day, `2026-11-25`; nothing typed leaves that end open. */
export function faultOf(typed: string): string | undefined {
  const trimmed = typed.trim();
  if (trimmed === '') return undefined;
  const at = new Date(`${trimmed}T00:00:00Z`);
  const isDay = /^\d{4}-\d{2}-\d{2}$/.test(trimmed) && !Number.isNaN(at.getTime()) && day(at, 0) === trimmed;
  return isDay ? undefined : 'Write the day as 2026-11-25.';
}

function day(at: Date, back: number): string {
  return new Date(at.getTime() - back * 86_400_000).toISOString().slice(0, 10);
}

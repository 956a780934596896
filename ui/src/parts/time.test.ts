import { render, screen } from '@testing-library/svelte';
import { flushSync } from 'svelte';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { exact, local, moment, relative, zoneName } from './time';
import Time from './Time.svelte';

const winter = new Date('2026-11-26T13:03:22.123Z');
const summer = new Date('2026-07-01T22:30:00Z');
const berlin = 'Europe/Berlin';

describe('in words', () => {
  test('local time, as precise as asked', () => {
    expect(local(winter, 'minute', berlin)).toBe('26 Nov 2026, 14:03');
    expect(local(winter, 'second', berlin)).toBe('26 Nov 2026, 14:03:22');
    expect(local(winter, 'day', berlin)).toBe('26 Nov 2026');
    expect(local(summer, 'day', berlin), 'already the next day there').toBe('2 Jul 2026');
    expect(local(new Date('2026-11-26T00:00:00Z'), 'minute', 'UTC'), 'midnight is 00, not 24').toBe(
      '26 Nov 2026, 00:00',
    );
  });

  test('the zone is that of the moment, not of today', () => {
    expect(zoneName(winter, berlin)).toBe('CET');
    expect(zoneName(summer, berlin)).toBe('CEST');
    expect(zoneName(winter, 'Asia/Kolkata'), 'where there is no name').toBe('GMT+5:30');
  });

  test('exact to the millisecond, in both readings', () => {
    expect(exact(winter, berlin)).toBe('2026-11-26 14:03:22.123 CET · 2026-11-26T13:03:22.123Z');
  });

  test.each([
    [0, 'just now'],
    [-44, 'just now'],
    [-46, '1 minute ago'],
    [-59 * 60, '59 minutes ago'],
    [-59.6 * 60, '1 hour ago'],
    [-23 * 3_600, '23 hours ago'],
    [-24 * 3_600, 'yesterday'],
    [-6 * 86_400, '6 days ago'],
    [-40 * 86_400, '17 Oct 2026'],
    [40, 'in a moment'],
    [3_600, 'in 1 hour'],
  ])('%d seconds from now is %s', (seconds, words) => {
    expect(relative(new Date(winter.getTime() + seconds * 1_000), winter)).toBe(words);
  });

  test('what is no time is none', () => {
    expect(moment('no time')).toBeUndefined();
    expect(moment(Number.NaN)).toBeUndefined();
    expect(moment('2026-11-26T13:03:22.123Z')).toEqual(winter);
  });
});

describe('on the screen', () => {
  afterEach(() => vi.useRealTimers());

  test('a program can read it too', () => {
    render(Time, { at: winter.toISOString() });

    expect(document.querySelector('time')?.dateTime).toBe('2026-11-26T13:03:22.123Z');
  });

  test('what is not known is said to be', () => {
    render(Time, { at: null });

    expect(screen.getByText('not known')).toBeTruthy();
    expect(document.querySelector('time')).toBeNull();
  });

  test('relative words go on with the clock', () => {
    vi.useFakeTimers({ now: winter });
    render(Time, { at: winter, words: 'relative' });
    expect(document.querySelector('time')?.textContent).toBe('just now');

    vi.advanceTimersByTime(3 * 60_000);
    flushSync();
    expect(document.querySelector('time')?.textContent).toBe('3 minutes ago');
  });
});

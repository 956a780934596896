// @vitest-environment node
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { colourTokens, contrast, type Theme } from './contrast';

const tokens = colourTokens(readFileSync('src/design/tokens.css', 'utf8'));
const surfaces = [
  'surface-sunken',
  'surface-page',
  'surface',
  'surface-raised',
  'surface-hover',
  'surface-selected',
];
const roles = ['good', 'attention', 'bad', 'waiting', 'neutral'];

const text: [string, string][] = [
  ...cross(['text-strong', 'text', 'text-quiet', 'accent-text'], surfaces),
  ...cross(
    roles.map((role) => `${role}-text`),
    surfaces,
  ),
  ...roles.flatMap((role) =>
    cross([`${role}-text`, 'text', 'text-strong', 'text-quiet', 'accent-text'], [`${role}-background`]),
  ),
  ['text-on-accent', 'accent'],
  ['text-on-accent', 'accent-hover'],
  ['bad-background', 'bad-text'],
  ['practice-text', 'practice-background'],
  ['real-text', 'real-background'],
];

const boundaries: [string, string][] = [
  ...cross(['border-control', 'focus', 'accent', 'accent-hover', 'practice-border'], surfaces),
  ...cross(
    roles.map((role) => `${role}-border`),
    surfaces,
  ),
  ...roles.map((role): [string, string] => [`${role}-border`, `${role}-background`]),
  ...roles.map((role): [string, string] => ['focus', `${role}-background`]),
  ['practice-border', 'practice-background'],
  ['focus', 'practice-background'],
];

describe.each<Theme>(['light', 'dark'])('%s', (theme) => {
  test('text can be read on what lies behind it', () => {
    expect(tooFaint(text, theme, 4.5), 'WCAG 2.2, 1.4.3: text needs 4.5:1').toEqual([]);
  });

  test('edges, rings and marks can be seen', () => {
    expect(tooFaint(boundaries, theme, 3), 'WCAG 2.2, 1.4.11: what bounds a control needs 3:1').toEqual([]);
  });
});

test('the pairs are those of tokens.css', () => {
  expect(tokens.size, 'the colour tokens are found in tokens.css').toBeGreaterThan(30);
  expect(contrast('#000000', '#ffffff'), 'black on white is 21:1').toBeCloseTo(21);
});

function tooFaint(pairs: [string, string][], theme: Theme, least: number): string[] {
  return pairs
    .map(([front, back]) => ({ front, back, ratio: contrast(colour(front, theme), colour(back, theme)) }))
    .filter(({ ratio }) => ratio < least)
    .map(({ front, back, ratio }) => `${front} on ${back}: ${ratio.toFixed(2)}`);
}

function colour(token: string, theme: Theme): string {
  const pair = tokens.get(token);
  if (!pair) throw new Error(`tokens.css has no --${token}`);
  return pair[theme];
}

function cross(fronts: string[], backs: string[]): [string, string][] {
  return fronts.flatMap((front) => backs.map((back): [string, string] => [front, back]));
}

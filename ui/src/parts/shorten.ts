/**
 * Text cut in its middle to at most `most` characters, the ends kept: what tells two fingerprints or two paths apart stands
 * at the ends. Whole characters, never half of one.
 */
export function shortened(text: string, most: number): string {
  const characters = [...text];
  if (characters.length <= most) return text;
  const kept = Math.max(2, most - 1);
  const start = Math.ceil(kept / 2);
  return `${characters.slice(0, start).join('')}…${characters.slice(characters.length - (kept - start)).join('')}`;
}

/** Sums that must add up, and how wide to draw their parts. */

export interface Part {
  count: number;
}

/** What the parts leave of the total: 0 when they add up, above when some are missing, below when there are too many. */
export function remainder(total: number, parts: readonly Part[]): number {
  return total - parts.reduce((sum, part) => sum + part.count, 0);
}

/**
 * Widths in per cent, for parts of which none is 0. Together 100, and none narrower than `least`: one denied message among
 * 100,000 is the one to be seen. The wide ones give what the narrow ones need.
 */
export function widths(counts: readonly number[], least = 0.8): number[] {
  const all = counts.reduce((sum, count) => sum + count, 0);
  if (all <= 0) return counts.map(() => 0);
  const floor = Math.min(least, 100 / counts.length);
  const narrow = new Set<number>();
  // Lifting the narrow ones takes from the others, which may become narrow by it: at most once for each.
  for (;;) {
    const room = 100 - narrow.size * floor;
    const rest = counts.reduce((sum, count, at) => (narrow.has(at) ? sum : sum + count), 0);
    const found = counts.findIndex((count, at) => !narrow.has(at) && (count / rest) * room < floor);
    if (found < 0) return counts.map((count, at) => (narrow.has(at) ? floor : (count / rest) * room));
    narrow.add(found);
  }
}

/** How often activity is told at most. */
const EVERY_MILLISECONDS = 10_000;

/** Tells that the steward is there, for the idle lock: at the first key or pointer, then at most every ten seconds. */
export function watchTouches(tell: () => Promise<void>): () => void {
  let last = -Infinity;
  const touched = () => {
    const now = performance.now();
    if (now - last < EVERY_MILLISECONDS) return;
    last = now;
    // The next touch tells again.
    tell().catch(() => (last = -Infinity));
  };
  const kinds = ['pointerdown', 'pointermove', 'wheel', 'keydown'] as const;
  for (const kind of kinds) window.addEventListener(kind, touched, { passive: true, capture: true });
  return () => {
    for (const kind of kinds) window.removeEventListener(kind, touched, { capture: true });
  };
}

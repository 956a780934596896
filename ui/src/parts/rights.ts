interface Rights {
  /** Undefined when there is none, or when two differ and the words name both. */
  institution: string | undefined;
  words: string;
  none: boolean;
}

/** What one may do, as the banner says it. Reading and sending may be for different institutions. */
export function rightsInWords(reads: string | null | undefined, writes: string | null | undefined): Rights {
  if (!reads && !writes)
    return { institution: undefined, words: 'No rights: you may not read or send', none: true };
  if (reads && writes && reads !== writes) {
    return { institution: undefined, words: `Reads ${reads}, sends for ${writes}`, none: false };
  }
  const words =
    reads && writes ? 'You may read and send' : reads ? 'You may read, not send' : 'You may send, not read';
  return { institution: reads || writes || undefined, words, none: false };
}

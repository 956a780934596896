import type { Rights } from '../backend/backend';

/** Whose data a sign-in is about, and what it may do there: `riverside`, `You may read and send`. */
export function rightsInWords({ reads, writes }: Rights): { institution: string; may: string } {
  if (reads !== null && reads === writes) return { institution: reads, may: 'You may read and send' };
  if (reads !== null && writes !== null)
    return { institution: `${reads}, ${writes}`, may: `You may read ${reads} and send for ${writes}` };
  if (reads !== null) return { institution: reads, may: 'You may read, not send' };
  if (writes !== null) return { institution: writes, may: 'You may send, not read' };
  return { institution: 'No institution', may: 'You may neither read nor send' };
}

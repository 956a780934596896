import type { Snippet } from 'svelte';

/** A column of a DataTable: what it is called, how wide it is, and what stands in its cells. */
export interface Column<Row> {
  id: string;
  label: string;
  /** In rem; the least width of a column that grows. */
  width: number;
  /** Takes a share of the room that is left. */
  grow?: boolean;
  /** Numbers stand at the end, one digit under the other. */
  align?: 'start' | 'end';
  /** What stands in a cell; `cell` draws more than text. */
  text?: (row: Row) => string;
  cell?: Snippet<[Row, number]>;
  /** `fixed`: codes and message text. */
  kind?: 'text' | 'fixed' | 'quiet';
  /** More about the column, shown when its head is pointed at. */
  help?: string;
  sortable?: boolean;
}

export interface Sort {
  column: string;
  direction: 'ascending' | 'descending';
}

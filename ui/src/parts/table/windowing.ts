/**
 * Which rows of a long table are in the document. All rows are equally high, so place and number are the same thing.
 *
 * Lengths are CSS pixels, of the table's body: its head, which stays in view, is not part of it.
 */

export interface Geometry {
  /** All rows there are. */
  total: number;
  /** Height of one row, a whole number of pixels. */
  row: number;
  /** Height of the part of the body that can be seen. */
  viewport: number;
  /** Rows drawn at most above and below those that can be seen, so that scrolling finds them there. */
  spare?: number;
}

export interface RowWindow {
  /** The first row drawn, and the one after the last. */
  start: number;
  end: number;
  /** Room kept above and below for the rows that are not drawn. */
  before: number;
  after: number;
  /** The first row that can be seen, at least in part. */
  first: number;
}

/** The tallest body: engines lose precision above 16 million pixels and lose rows at 33. Beyond, scrolling is scaled. */
export const tallest = 12_000_000;

const mostDrawn = 92;
const usualSpare = 10;
/** The window moves by this many rows at once: moving costs more than drawing. */
const stride = 4;

/** How high the body is drawn, with all the room it keeps: always a whole number of rows. */
export function bodyHeight({ total, row }: Geometry): number {
  return Math.min(total, Math.floor(tallest / row)) * row;
}

/** How many rows are drawn, but for tables that are shorter. */
export function drawnRows({ row, viewport, spare = usualSpare }: Geometry): number {
  const seen = Math.ceil(viewport / row) + 1;
  const beside = Math.max(0, Math.min(spare, Math.floor((mostDrawn - seen) / 2)));
  return seen + 2 * beside;
}

/** The rows to draw when the body is scrolled by `scrollTop`. */
export function windowAt(geometry: Geometry, scrollTop: number): RowWindow {
  const { total, row, viewport } = geometry;
  const height = bodyHeight(geometry);
  const scrolled = clamp(scrollTop, 0, Math.max(0, height - viewport));
  // How many rows higher than its own place each row is drawn: none, unless scrolling is scaled.
  const lifted = Math.round((scrolled * (scale(geometry) - 1)) / row);
  const first = clamp(Math.floor(scrolled / row) + lifted, 0, Math.max(0, total - 1));
  const count = Math.min(total, drawnRows(geometry));
  const beside = Math.floor((count - Math.ceil(viewport / row)) / 2);
  const wanted = Math.floor((first - beside) / stride) * stride;
  // The body holds so many rows, from the one that is lifted to its beginning.
  const start = clamp(wanted, lifted, lifted + height / row - count);
  const before = (start - lifted) * row;
  return { start, end: start + count, before, after: height - before - count * row, first };
}

/** Where to scroll so that the row can be seen whole, moving as little as need be. */
export function scrollTo(geometry: Geometry, index: number, scrollTop: number): number {
  const { row, viewport } = geometry;
  const factor = scale(geometry);
  const top = scrollTop * factor;
  // Scaled, rows are drawn up to half a row beside their place, and engines scroll by whole pixels.
  const slack = factor > 1 ? row / 2 + factor : 0;
  const highest = index * row - slack;
  const lowest = (index + 1) * row - viewport + slack;
  if (top > highest) return Math.max(0, Math.floor(highest / factor));
  if (top < lowest) return Math.ceil(lowest / factor);
  return scrollTop;
}

/** Rows that fit into the view, at least one: a step of the page keys. */
export function rowsInView({ row, viewport }: Geometry): number {
  return Math.max(1, Math.floor(viewport / row));
}

/** Pixels of rows for each pixel scrolled: 1, unless the body would be too high. */
function scale(geometry: Geometry): number {
  const { total, row, viewport } = geometry;
  const height = bodyHeight(geometry);
  return height === total * row ? 1 : (total * row - viewport) / (height - viewport);
}

function clamp(value: number, least: number, most: number): number {
  return Math.max(least, Math.min(most, value));
}

import type { App } from '../../shell/app.svelte';

/** Where a submission goes: the institution, and the lake where it is not the one in use. */
export function toInWords(
  app: App,
  { institution, lake }: { institution: string | null; lake: string },
): string {
  const title = lakeTitle(app, lake);
  if (institution === null) return title;
  return lake === app.overview?.lake?.name ? institution : `${institution} in ${title}`;
}

/** Whether a lake is among those of this computer: it may have been forgotten since. */
export function isKnown(app: App, name: string): boolean {
  return app.overview?.lakes.some((lake) => lake.name === name) ?? false;
}

/** What a lake calls itself, by its name on this computer; the name, where it was forgotten since. */
export function lakeTitle(app: App, name: string): string {
  return app.overview?.lakes.find((lake) => lake.name === name)?.title ?? name;
}

/**
 * Puts text on the clipboard. The page's own way where it is allowed; else the older one of a selected box, which needs no
 * permission. False when neither worked.
 */
export async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

function copyBySelection(text: string): boolean {
  const before = document.activeElement;
  const box = document.createElement('textarea');
  box.value = text;
  box.className = 'only-read';
  // Beside the focus, so that a dialog which holds the focus lets it go there.
  (before?.parentElement ?? document.body).append(box);
  box.select();
  try {
    return document.execCommand('copy');
  } catch {
    return false;
  } finally {
    box.remove();
    if (before instanceof HTMLElement) before.focus();
  }
}

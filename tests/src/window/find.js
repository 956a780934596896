// What is on the page by role and accessible name, as assistive technology would be told. Run by WebDriver with one
// argument: what is asked. Only what is visible counts.
const asked = arguments[0];

const ROLES = {
  A: (e) => (e.hasAttribute('href') ? 'link' : ''),
  ARTICLE: () => 'article',
  ASIDE: () => 'complementary',
  BUTTON: () => 'button',
  DIALOG: () => 'dialog',
  FIELDSET: () => 'group',
  FORM: () => 'form',
  H1: () => 'heading',
  H2: () => 'heading',
  H3: () => 'heading',
  H4: () => 'heading',
  IMG: () => 'img',
  INPUT: (e) =>
    ({ button: 'button', submit: 'button', checkbox: 'checkbox', radio: 'radio', range: 'slider', number: 'spinbutton',
       search: 'searchbox', hidden: '' })[e.type] ?? 'textbox',
  LI: () => 'listitem',
  MAIN: () => 'main',
  NAV: () => 'navigation',
  OL: () => 'list',
  OPTION: () => 'option',
  OUTPUT: () => 'status',
  PROGRESS: () => 'progressbar',
  SELECT: () => 'combobox',
  SUMMARY: () => 'button',
  TABLE: () => 'table',
  TD: () => 'cell',
  TEXTAREA: () => 'textbox',
  TH: () => 'columnheader',
  TR: () => 'row',
  UL: () => 'list',
};

const tidy = (text) => text.replace(/\s+/g, ' ').trim();

function role(element) {
  const given = element.getAttribute('role');
  return given ? given.split(' ')[0] : (ROLES[element.tagName]?.(element) ?? '');
}

function isSeen(element) {
  return (
    element.checkVisibility({ visibilityProperty: true, opacityProperty: true }) &&
    !element.closest('[aria-hidden="true"], [inert]')
  );
}

// Accessible name (accname-1.2), as far as these screens need it.
function name(element) {
  const by = element.getAttribute('aria-labelledby');
  if (by) return tidy(by.split(/\s+/).map((id) => content(document.getElementById(id))).join(' '));
  const given = element.getAttribute('aria-label');
  if (given && tidy(given)) return tidy(given);
  if (element.labels?.length) return tidy([...element.labels].map(content).join(' '));
  if (element.alt) return tidy(element.alt);
  if (element.tagName === 'FIELDSET') return content(element.querySelector(':scope > legend'));
  if (element.tagName === 'TABLE' && element.caption) return content(element.caption);
  const containers = ['dialog', 'alertdialog', 'group', 'table', 'navigation', 'main', 'form', 'textbox', 'combobox', 'list'];
  const text = containers.includes(role(element)) ? '' : content(element);
  return text || tidy(element.title ?? '');
}

function content(node) {
  if (!node) return '';
  if (node.nodeType === Node.TEXT_NODE) return node.data;
  if (node.nodeType !== Node.ELEMENT_NODE || node.getAttribute('aria-hidden') === 'true') return '';
  if (node.getAttribute('aria-label')) return node.getAttribute('aria-label');
  if (node.tagName === 'svg') return '';
  const inner = [...node.childNodes].map(content).join(' ');
  return tidy(inner);
}

const all = () => [...document.querySelectorAll('body *')].filter((element) => role(element) && isSeen(element));

if (asked.outline) {
  // Rows and cells are left out: they hold what stewards see, not what the screen says.
  const told = ['heading', 'button', 'link', 'tab', 'textbox', 'checkbox', 'radio', 'combobox', 'alert', 'status', 'dialog',
    'alertdialog', 'progressbar', 'searchbox', 'table'];
  return all()
    .filter((element) => told.includes(role(element)) && !element.closest('td'))
    .map((element) => `${role(element)} "${name(element).slice(0, 120)}"${element.disabled ? ' (disabled)' : ''}`);
}

if (asked.focused) {
  const it = document.activeElement;
  return it && it !== document.body ? `${role(it)} "${name(it).slice(0, 120)}"` : '';
}

const matches = (text) =>
  asked.how === 'exactly' ? text === asked.name : asked.how === 'beginning' ? text.startsWith(asked.name) : text.includes(asked.name);
return all().filter((element) => role(element) === asked.role && matches(name(element)));

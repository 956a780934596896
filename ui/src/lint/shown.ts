import { parse } from 'svelte/compiler';
import ts from 'typescript';

/** A text that a steward may come to see, and the line it stands on. */
export interface Shown {
  text: string;
  line: number;
}

/** Attributes and properties whose plain text is shown or read out. */
const shownAttributes = new Set([
  'alt',
  'aria-description',
  'aria-label',
  'busy',
  'counted',
  'error',
  'help',
  'label',
  'next',
  'placeholder',
  'reference',
  'text',
  'title',
  'unit',
  'what',
  'where',
  'why',
  'words',
]);

interface Node {
  type: string;
  start: number;
  [key: string]: unknown;
}

/** All text of a component that may be shown: its own, that of its attributes, and the prose in its script. */
export function shownInComponent(code: string): Shown[] {
  const found: Shown[] = [];
  const root = parse(code, { modern: true });
  const at = (start: number) => code.slice(0, start).split('\n').length;
  visit(root.fragment);
  visit(root.instance);
  visit(root.module);
  return found;

  function visit(value: unknown, attribute?: string): void {
    if (Array.isArray(value)) return value.forEach((each) => visit(each, attribute));
    if (!isNode(value)) return;
    if (value.type === 'ImportDeclaration' || value.type === 'StyleSheet') return;
    if (value.type === 'Attribute') return visit(value['value'], String(value['name']));
    if (value.type === 'Text') {
      const shown = attribute === undefined || shownAttributes.has(attribute);
      if (shown) add(String(value['data']), value.start);
      return;
    }
    if (value.type === 'Literal' && typeof value['value'] === 'string') {
      if (shownAttributes.has(attribute ?? '') || isProse(value['value'])) add(value['value'], value.start);
      return;
    }
    if (value.type === 'TemplateLiteral') {
      const { quasis } = value as unknown as { quasis: { value: { cooked: string } }[] };
      const text = quasis.map((quasi) => quasi.value.cooked).join('…');
      if (shownAttributes.has(attribute ?? '') || isSentence(text)) add(text, value.start);
      return visit(value['expressions']);
    }
    // Within an expression the name of the attribute says nothing of what strings are compared with.
    const inside = value.type === 'ExpressionTag' ? attribute : undefined;
    for (const [key, child] of Object.entries(value)) {
      if (key !== 'type' && key !== 'loc') visit(child, inside);
    }
  }

  function add(text: string, start: number) {
    if (/\p{L}/u.test(text)) found.push({ text: text.trim(), line: at(start) });
  }
}

/** All prose in a module. */
export function shownInModule(code: string): Shown[] {
  const found: Shown[] = [];
  const file = ts.createSourceFile('module.ts', code, ts.ScriptTarget.Latest, true);
  visit(file);
  return found;

  function visit(node: ts.Node): void {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return;
    if (ts.isStringLiteralLike(node) && isProse(node.text)) add(node.text, node);
    if (ts.isTemplateExpression(node)) {
      const text = [node.head.text, ...node.templateSpans.map(({ literal }) => literal.text)].join('…');
      if (isSentence(text)) add(text, node);
    }
    ts.forEachChild(node, visit);
  }

  function add(text: string, node: ts.Node) {
    found.push({ text, line: file.getLineAndCharacterOfPosition(node.getStart()).line + 1 });
  }
}

/** Words with room between them, or one word written as a label is; `in-lake` and `ArrowDown` are names of the code. */
function isProse(text: string): boolean {
  return /\p{L}{2,}\s+\p{L}/u.test(text) || /^\p{Lu}\p{Ll}+[.:…?]?$/u.test(text);
}

/** A template with words in it, one of which may be what is filled in. */
function isSentence(text: string): boolean {
  return /\p{L}{2,}\s|\s\p{L}{2,}/u.test(text) || isProse(text);
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value;
}

/** Words of the code that have a plainer one on the screen, or none. The second is what to say instead. */
const codeWords: [RegExp, string][] = [
  [/\bsources?\b/i, 'institution'],
  [/\bdigests?\b/i, 'fingerprint'],
  [/\boutcomes?\b/i, 'what became of it'],
  [/\bzones?\b/i, 'Received, Ready to use or Needs attention'],
  [/\bledgers?\b/i, 'nothing: it is never shown'],
  [/\bhubs?\b/i, 'nothing: it is never shown'],
  [/\bcatalog(ue)?s?\b/i, 'messages, or history'],
  [/\btraces?\b/i, 'history'],
  [/\bcorrections?\b/i, 'automatic tidy-up'],
  [/\breplacements?\b/i, 'fix'],
  [/\bfindings?\b/i, 'remark'],
  [/\bundelivered\b/i, 'stuck'],
  [/\bprofiles?\b/i, 'lake'],
  [/\bingest(ed|ion|s)?\b/i, 'received, or in the lake'],
  [/\bstag(ed|ing)\b/i, 'ready to use, or made ready'],
  [/\brestag(e|ed|ing)\b/i, 'try again'],
  [/\bredeliver(ed|y)?\b/i, 'send on its way again'],
  [/\bunconfirmed\b/i, 'checking'],
  [/\bcanonical\b/i, 'nothing: it is never shown'],
  [/\bpayloads?\b/i, 'message'],
];

/** The words of the code in a text that is shown, each with what to say instead. */
export function codeWordsIn(text: string): string[] {
  return codeWords.flatMap(([word, instead]) => {
    const found = word.exec(text);
    return found ? [`“${found[0]}”: say ${instead}`] : [];
  });
}

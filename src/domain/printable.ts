/** Characters that move a cursor, or that colour, hide or reverse the text beside them. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** A text from a client or a config as one line for a terminal or a document, with `?` for unprintable characters. */
export function printable(text: string): string {
  return text.replaceAll(/\s+/g, ' ').replaceAll(UNPRINTABLE, '?');
}

/** As `printable`, but keeps line feeds and repeated spaces. */
export function printableLines(text: string): string {
  return text.replaceAll(UNPRINTABLE, (found) => (found === '\n' ? found : '?'));
}

/** The same JSON, with unprintable characters escaped. */
export function printableJson(json: string): string {
  return json.replaceAll(UNPRINTABLE, (found) => (found === '\n' ? found : escaped(found)));
}

function escaped(character: string): string {
  const units = Array.from({ length: character.length }, (_, i) => character.charCodeAt(i));
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('');
}

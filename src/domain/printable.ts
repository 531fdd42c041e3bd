/** Of other people's text: what moves a cursor, colours, hides or reverses what stands beside it. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** Text from clients and configs for a terminal or a document, in one line: what does not show is `?`. */
export function printable(text: string): string {
  return text.replaceAll(/\s+/g, ' ').replaceAll(UNPRINTABLE, '?');
}

/** As `printable`, of a text with lines of its own. */
export function printableLines(text: string): string {
  return text.replaceAll(UNPRINTABLE, (found) => (found === '\n' ? found : '?'));
}

/** JSON with the same data, and nothing in it that does not show. */
export function printableJson(json: string): string {
  return json.replaceAll(UNPRINTABLE, (found) => (found === '\n' ? found : escaped(found)));
}

function escaped(character: string): string {
  const units = Array.from({ length: character.length }, (_, i) => character.charCodeAt(i));
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('');
}

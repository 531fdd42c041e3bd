/** Of other people's text: what moves a cursor, colours, hides or reverses what stands beside it. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** Text from clients and configs for a terminal or a document, in one line: what does not show is `?`. */
export function printable(text: string): string {
  return text.replaceAll(/\s+/g, ' ').replaceAll(UNPRINTABLE, '?');
}

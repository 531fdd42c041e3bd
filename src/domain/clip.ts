/** The text as valid UTF-8 of at most `maxBytes`, with "…" in place of what was cut off. */
export function clip(text: string, maxBytes: number): string {
  if (text.length <= maxBytes) {
    const wellFormed = text.toWellFormed();
    if (Buffer.byteLength(wellFormed) <= maxBytes) return wellFormed;
  }
  const room = new Uint8Array(maxBytes - Buffer.byteLength('…'));
  const { written } = new TextEncoder().encodeInto(text, room);
  return `${new TextDecoder().decode(room.subarray(0, written))}…`;
}

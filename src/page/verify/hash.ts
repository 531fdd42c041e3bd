import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';

/**
 * Takes the place of `node:crypto`'s in the browser, whose own hashes are asynchronous: the SHA-256 of a text as UTF-8,
 * in hex.
 */
export function hash(algorithm: string, text: string): string {
  if (algorithm !== 'sha256') throw new Error(`no hash ${algorithm} in the page`);
  return bytesToHex(sha256(utf8ToBytes(text)));
}

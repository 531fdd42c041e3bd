import { stringify } from 'yaml';
import type { Config } from './config.ts';

/** The config as YAML, every key written out; loaded again, it gives the same config. */
export function printConfig({ text }: Config): string {
  // Anchors would be right, but hard to read: a value that occurs twice is written twice.
  return stringify(text, { aliasDuplicateObjects: false, lineWidth: 0 });
}

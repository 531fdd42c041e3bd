import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';

type Section = Record<string, unknown>;

/** The text of config/reference.yaml with `changes` merged over its sections. */
export function referenceConfig(changes: Section): string {
  const text = readFileSync(new URL('../../../config/reference.yaml', import.meta.url), 'utf8');
  const merged: Section = parse(text);
  for (const [key, value] of Object.entries(changes)) {
    const isSection = typeof value === 'object' && value !== null && !Array.isArray(value);
    merged[key] = isSection ? { ...asSection(merged[key]), ...value } : value;
  }
  return stringify(merged);
}

/** Writes such a config into a directory; answers its path. */
export function writeReferenceConfig(directory: string, changes: Section = {}): string {
  const file = join(directory, 'config.yaml');
  writeFileSync(file, referenceConfig(changes));
  return file;
}

function asSection(value: unknown): Section {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

import type { ConfigDocument } from './document.ts';
import type { ConfigPath } from './fault.ts';
import { type ConfigFile, configFileSchema } from './keys/schema.ts';
import { checkShape, isRecord, type Shape } from './shape.ts';

/** The content of a document, as far as it has the right shape, and the faults of the rest. */
export interface Structure extends Omit<Shape, 'passed'> {
  /** Only what passed: faulty and unknown keys are removed. */
  readonly file: ConfigFile;
}

/** Checks every key by itself. */
export function checkStructure(document: ConfigDocument): Structure {
  const data = document.data === undefined ? {} : readSourceTexts(document);
  const { passed, ...shape } = checkShape(configFileSchema, document, data);
  // Every part that is left passed its own check.
  return { ...shape, file: (isRecord(passed) ? passed : {}) as ConfigFile };
}

const EXPRESSIONS = ['when', 'new_value', 'old_value'] as const;

/** `version: 2026.10` and `new_value: 0.75` are read as they were written, not as numbers. */
function readSourceTexts(document: ConfigDocument): unknown {
  const data = document.data;
  if (!isRecord(data)) return data;
  const asWritten = (target: Record<string, unknown>, key: string, path: ConfigPath) => {
    const value = target[key];
    if (typeof value !== 'number' && typeof value !== 'boolean') return;
    target[key] = document.sourceOf(path) ?? String(value);
  };
  if (typeof data.version === 'number') asWritten(data, 'version', ['version']);
  const rules = Array.isArray(data.rules) ? (data.rules as unknown[]) : [];
  for (const [index, rule] of rules.entries()) {
    if (!isRecord(rule)) continue;
    for (const key of EXPRESSIONS) asWritten(rule, key, ['rules', index, key]);
  }
  return data;
}

import { clip } from '../domain/clip.ts';
import { type FieldViolation, LearningError } from '../domain/errors.ts';

/** Maximum violations in an error; further ones are only counted. */
export const MAX_VIOLATIONS = 20;

const MAX_PATH_BYTES = 256;

/** Collects the violations of a request. */
export interface Findings {
  /** The number of all violations added. */
  readonly total: number;
  /** The first violations, up to the limit. */
  readonly kept: readonly FieldViolation[];
  /** `field` is the path in the request. */
  add(field: string, description: string): void;
}

/** @param limit the number to keep; further ones are only counted */
export function createFindings(limit: number = MAX_VIOLATIONS): Findings {
  const kept: FieldViolation[] = [];
  let total = 0;
  return {
    kept,
    get total() {
      return total;
    },
    add(field, description) {
      if (total++ < limit) kept.push({ field: clip(field, MAX_PATH_BYTES), description });
    },
  };
}

/** The refusal of a request that has findings. */
export function refusal({ kept, total }: Findings): LearningError {
  const texts = kept.map(({ field, description }) => `${field}: ${description}`);
  // The count comes first, because the status clips long messages.
  const count = total > kept.length ? `${total} violations, the first: ` : '';
  return new LearningError('INVALID_FIELD', count + texts.join('; '), { violations: kept });
}

/** The path of a map's entry: `labels["k"]`. */
export function entryPath(map: string, key: string): string {
  const escaped = key
    .slice(0, MAX_PATH_BYTES)
    .replaceAll('\\', '\\\\')
    .replaceAll('"', '\\"')
    .replaceAll('\r', '\\r')
    .replaceAll('\n', '\\n');
  return `${map}["${escaped}"]`;
}

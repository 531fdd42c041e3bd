/** A location in a config: keys of objects and indexes of lists, from the root. */
export type ConfigPath = readonly (string | number)[];

/** One thing wrong with a config. */
export interface ConfigFault {
  readonly file: string;
  /** 1-based line in `file`; 1 if no line is known. */
  readonly line: number;
  /** As in `rules[0].when`; empty for the document as a whole. */
  readonly path: string;
  /** What was expected and what was found. */
  readonly message: string;
}

/** A fault that involves more than one key. */
export interface CrossFault {
  readonly path: ConfigPath;
  readonly message: string;
}

/** A config that cannot be used; `faults` holds everything found wrong with it, by line. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly faults: readonly ConfigFault[];

  constructor(faults: readonly ConfigFault[], options?: ErrorOptions) {
    super(faults.map(formatFault).join('\n'), options);
    this.faults = faults;
  }
}

/** `file:line: path: message`, in one line. */
export function formatFault(fault: ConfigFault): string {
  const where = fault.path === '' ? '' : `${fault.path}: `;
  return `${fault.file}:${fault.line}: ${where}${fault.message}`;
}

const PLAIN_KEY = /^[A-Za-z_$][\w$-]*$/;

/** `['rules', 0, 'when']` as `rules[0].when`; keys that are not plain words are quoted. */
export function formatPath(path: ConfigPath): string {
  let text = '';
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`;
    else if (!PLAIN_KEY.test(part)) text += `[${JSON.stringify(part)}]`;
    else text += text === '' ? part : `.${part}`;
  }
  return text;
}

/** A value found, short enough for a message. */
export function show(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'nothing (null)';
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === 'object') return 'an object';
  if (typeof value !== 'string') return String(value);
  return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value);
}

/** A fault that involves more than one key. */
export interface CrossFault {
  readonly path: ConfigPath;
  readonly message: string;
}

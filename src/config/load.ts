import { readFileSync, statSync } from 'node:fs';
import { runAtOnce, type Sliced } from '../domain/slices.ts';
import type { Config } from './config.ts';
import { crossCheck } from './cross-check.ts';
import { declaredParameters } from './declared.ts';
import type { ConfigDocument, LocatedFault } from './document.ts';
import { ConfigError, type ConfigFault, type CrossFault, formatPath } from './fault.ts';
import { MAX_CONFIG_BYTES } from './keys/limits.ts';
import { type CompleteConfig, completeRules, mergeOverDefaults } from './merge.ts';
import { checkObjectives, checkUtilities, objectiveWarnings } from './objective.ts';
import { checkOtlp, compileOtlp } from './otlp.ts';
import { parseJsonDocument, parseYamlDocument } from './parse-document.ts';
import { checkRules, compileRules } from './rules.ts';
import { deepFreeze, settle } from './settle.ts';
import { checkStructure } from './structure.ts';

/** A config that can be used. */
export interface LoadedConfig {
  /** Frozen in depth. */
  readonly config: Config;
  /** Unknown keys of a JSON file, and objectives that leave success out. */
  readonly warnings: readonly ConfigFault[];
}

/** A config without fault, as plain data: it can be sent to another thread. */
export interface CheckedConfig extends Pick<LoadedConfig, 'warnings'> {
  readonly complete: CompleteConfig;
}

/**
 * Reads a config file (JSON if its name ends in `.json`, else YAML) and merges it over the defaults; without a file,
 * returns the defaults. Throws a `ConfigError` with every fault.
 */
export function loadConfig(file: string | undefined): LoadedConfig {
  return parseConfigFile(readConfigFile(file), file);
}

/** `loadConfig` for a text that `readConfigFile` has returned. */
export function parseConfigFile(text: string, file: string | undefined): LoadedConfig {
  return runAtOnce(compileConfig(checkConfigFile(text, file)));
}

/** The first half of `parseConfigFile`: all checks. */
export function checkConfigFile(text: string, file: string | undefined): CheckedConfig {
  if (file === undefined) return checkConfig(text, 'built-in defaults', 'yaml');
  return checkConfig(text, file, file.toLowerCase().endsWith('.json') ? 'json' : 'yaml');
}

/** `loadConfig` for a text that was read elsewhere; `fileName` is only used in faults. */
export function parseConfig(text: string, fileName: string, format: 'yaml' | 'json'): LoadedConfig {
  return runAtOnce(compileConfig(checkConfig(text, fileName, format)));
}

/** The second half of `parseConfigFile`: compiles the rules and freezes the config. */
export function* compileConfig({ complete, warnings }: CheckedConfig): Sliced<LoadedConfig> {
  const declared = declaredParameters(complete, { isFaulty: () => false });
  return deepFreeze({
    config: settle(complete, yield* compileRules(complete, declared), compileOtlp(complete.otlp)),
    warnings,
  });
}

function checkConfig(text: string, fileName: string, format: 'yaml' | 'json'): CheckedConfig {
  const document = parseDocument(text, format);
  const structure = checkStructure(document);
  const merged = mergeOverDefaults(structure.file);
  const declared = declaredParameters(merged, structure);
  const unknownKeys = structure.unknownKeys;
  const builtIn = (path: ConfigFault['path']) =>
    structure.file.rules === undefined && path.startsWith('rules[') ? ' (a built-in rule)' : '';

  const located = (fault: CrossFault) => ({ ...fault, line: document.lineOf(fault.path) });
  const faults: LocatedFault[] = [
    ...document.faults,
    ...structure.faults,
    ...(format === 'yaml' ? unknownKeys : []),
    ...[...crossCheck(merged, structure, declared), ...checkObjectives(merged, structure)].map(
      located,
    ),
    ...[...checkRules(merged, declared), ...checkUtilities(merged), ...checkOtlp(merged.otlp)].map(
      (fault) => ({ ...fault, line: document.textLineOf(fault.path, fault.newlines) }),
    ),
  ];
  const toFault = ({ path, line, message }: LocatedFault): ConfigFault => {
    const pathText = formatPath(path);
    return { file: fileName, line, path: pathText, message: message + builtIn(pathText) };
  };
  const inOrder = (a: LocatedFault, b: LocatedFault) => a.line - b.line;
  if (faults.length > 0) throw new ConfigError(faults.sort(inOrder).map(toFault));
  const odd = [
    ...(format === 'json' ? unknownKeys : []),
    ...objectiveWarnings(merged).map(located),
  ];
  return { complete: completeRules(merged), warnings: odd.sort(inOrder).map(toFault) };
}

function parseDocument(text: string, format: 'yaml' | 'json'): ConfigDocument {
  // Editors of some systems begin a file with a byte order mark.
  const plain = text.startsWith('\uFEFF') ? text.slice(1) : text;
  const isEmpty = plain.trim() === '';
  return format === 'json' && !isEmpty ? parseJsonDocument(plain) : parseYamlDocument(plain);
}

/**
 * The text of a config file; empty if there is no file. Throws a `ConfigError`.
 *
 * @param isAgain whether the file was read before. If so, a pipe is refused, since it can be read only once, and so is
 * an empty file, since it is about to be written
 */
export function readConfigFile(file: string | undefined, { isAgain = false } = {}): string {
  if (file === undefined) return '';
  const refuse = (message: string, cause?: unknown): ConfigError =>
    new ConfigError([{ file, line: 1, path: '', message }], { cause });
  try {
    const stats = statSync(file);
    if (!stats.isFile() && !stats.isFIFO()) throw refuse('expected a file, found none');
    if (isAgain && stats.isFIFO()) throw refuse('a pipe can be read only once');
    const { size } = stats;
    if (size > MAX_CONFIG_BYTES) {
      throw refuse(`expected at most ${MAX_CONFIG_BYTES} bytes, found ${size}`);
    }
    const text = new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file));
    if (isAgain && text.trim() === '') {
      throw refuse('the file is empty: write {} for the defaults');
    }
    return text;
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw refuse(`expected a readable file, found: ${reason}`, error);
  }
}

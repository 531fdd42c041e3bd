import { readFileSync, statSync } from 'node:fs';
import { crossCheck } from './cross-check.js';
import { ConfigError, formatPath } from './fault.js';
import { parseJsonDocument } from './json-document.js';
import { MAX_CONFIG_BYTES } from './limits.js';
import { mergeOverDefaults } from './merge.js';
import { checkRules } from './rules.js';
import { deepFreeze, settle } from './settle.js';
import { checkStructure } from './structure.js';
import { parseYamlDocument } from './yaml-document.js';
export { ConfigError, formatFault } from './fault.js';
export { printConfig } from './print.js';
/**
 * Reads a config file (JSON if its name ends in `.json`, else YAML) and merges it over the
 * defaults; `undefined`: the defaults alone. Throws a `ConfigError` that names every fault.
 */
export function loadConfig(file) {
    if (file === undefined)
        return parseConfig('', 'built-in defaults', 'yaml');
    const format = file.toLowerCase().endsWith('.json') ? 'json' : 'yaml';
    return parseConfig(readText(file), file, format);
}
/** `loadConfig` for a text that was read elsewhere; `fileName` is only used in faults. */
export function parseConfig(text, fileName, format) {
    const document = parseDocument(text, format);
    const structure = checkStructure(document);
    const merged = mergeOverDefaults(structure.file);
    const rules = checkRules(merged);
    const unknownKeys = structure.unknownKeys;
    const builtIn = (path) => merged.hasBuiltInRules && path.startsWith('rules[') ? ' (a built-in rule)' : '';
    const faults = [
        ...document.faults,
        ...structure.faults,
        ...(format === 'yaml' ? unknownKeys : []),
        ...crossCheck(merged, structure).map((fault) => locate(fault, document)),
        ...rules.faults.map((fault) => ({
            ...fault,
            line: document.textLineOf(fault.path, fault.newlines),
        })),
    ];
    const toFault = ({ path, line, message }) => {
        const pathText = formatPath(path);
        return { file: fileName, line, path: pathText, message: message + builtIn(pathText) };
    };
    const inOrder = (a, b) => a.line - b.line;
    if (faults.length > 0)
        throw new ConfigError(faults.sort(inOrder).map(toFault));
    const warnings = format === 'json' ? [...unknownKeys].sort(inOrder).map(toFault) : [];
    return deepFreeze({ config: settle(merged, rules.compile()), warnings });
}
function locate(fault, document) {
    return { ...fault, line: document.lineOf(fault.path) };
}
function parseDocument(text, format) {
    // Editors of some systems begin a file with a byte order mark.
    const plain = text.startsWith('\uFEFF') ? text.slice(1) : text;
    const isEmpty = plain.trim() === '';
    return format === 'json' && !isEmpty ? parseJsonDocument(plain) : parseYamlDocument(plain);
}
function readText(file) {
    const refuse = (message, cause) => new ConfigError([{ file, line: 1, path: '', message }], { cause });
    try {
        const { size } = statSync(file);
        if (size > MAX_CONFIG_BYTES) {
            throw refuse(`expected at most ${MAX_CONFIG_BYTES} bytes, found ${size}`);
        }
        return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file));
    }
    catch (error) {
        if (error instanceof ConfigError)
            throw error;
        const reason = error instanceof Error ? error.message : String(error);
        throw refuse(`expected a readable file, found: ${reason}`, error);
    }
}
//# sourceMappingURL=load.js.map
import { z } from 'zod';
import { formatPath } from './fault.js';
import { configFileSchema } from './schema.js';
import { suggest } from './suggest.js';
/** Checks every field by itself. */
export function checkStructure(document) {
    const data = document.data === undefined ? {} : readSourceTexts(document);
    const faults = [];
    const unknownKeys = [];
    const faulty = new Set(document.faults.map((fault) => formatPath(fault.path)));
    const report = (path, message) => {
        const text = formatPath(path);
        // A number that is neither whole nor in range is one fault, not two.
        if (!faulty.has(text))
            faults.push({ path, line: document.lineOf(path), message });
        faulty.add(text);
    };
    const issues = configFileSchema.safeParse(data).error?.issues ?? [];
    for (const issue of issues) {
        const path = issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part));
        if (issue.code === 'unrecognized_keys') {
            const known = keysAt(path);
            for (const key of issue.keys) {
                const inner = [...path, key];
                const message = `expected one of ${known.join(', ')}, found ${show(key)}`;
                const line = document.lineOf(inner);
                unknownKeys.push({ path: inner, line, message: message + suggest(key, known) });
            }
        }
        else if (issue.code === 'invalid_key') {
            report(path, `${issue.issues[0]?.message}, found ${show(path.at(-1))}`);
        }
        else
            report(path, `${issue.message}, found ${show(valueAt(data, path))}`);
    }
    for (const { path } of unknownKeys)
        remove(data, path);
    for (const { path } of faults)
        remove(data, path);
    return {
        // Every part that is left passed its own check above.
        file: (isRecord(data) ? data : {}),
        faults,
        unknownKeys,
        isFaulty: (path) => faulty.has('') || path.some((_, index) => faulty.has(formatPath(path.slice(0, index + 1)))),
    };
}
const EXPRESSIONS = ['when', 'new_value', 'old_value'];
/** `version: 2026.10` and `new_value: 0.75` are meant as they were written, not as numbers. */
function readSourceTexts(document) {
    const data = document.data;
    if (!isRecord(data))
        return data;
    const asWritten = (target, key, path) => {
        const value = target[key];
        if (typeof value !== 'number' && typeof value !== 'boolean')
            return;
        target[key] = document.sourceOf(path) ?? String(value);
    };
    if (typeof data['version'] === 'number')
        asWritten(data, 'version', ['version']);
    const rules = Array.isArray(data['rules']) ? data['rules'] : [];
    for (const [index, rule] of rules.entries()) {
        if (!isRecord(rule))
            continue;
        for (const key of EXPRESSIONS)
            asWritten(rule, key, ['rules', index, key]);
    }
    return data;
}
/** Keys that the schema knows of the object at a path. */
function keysAt(path) {
    let schema = configFileSchema;
    for (const part of path) {
        schema = unwrap(schema);
        if (schema instanceof z.ZodObject)
            schema = schema.shape[part];
        else if (schema instanceof z.ZodArray)
            schema = schema.element;
        else if (schema instanceof z.ZodRecord)
            schema = schema.valueType;
    }
    schema = unwrap(schema);
    return schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
}
function unwrap(schema) {
    return schema instanceof z.ZodOptional ? unwrap(schema.unwrap()) : schema;
}
function isRecord(value) {
    return typeof value === 'object' && value !== null && !Array.isArray(value);
}
function valueAt(data, path) {
    let current = data;
    for (const part of path) {
        // Lists are read by index as objects are by key.
        const container = current;
        current = Object.hasOwn(container ?? {}, part) ? container?.[part] : undefined;
    }
    return current;
}
/** Takes a value away; a faulty rule leaves an empty one, so that those after it keep theirs. */
function remove(data, path) {
    if (path.length === 0)
        return;
    const last = path.at(-1);
    const container = valueAt(data, path.slice(0, -1));
    if (Array.isArray(container)) {
        if (path.length === 2 && path[0] === 'rules')
            container[Number(last)] = {};
        else
            remove(data, path.slice(0, -1));
    }
    else if (isRecord(container) && last !== undefined)
        delete container[last];
}
/** A value found, short enough for a message. */
export function show(value) {
    if (value === undefined)
        return 'nothing';
    if (value === null)
        return 'nothing (null)';
    if (Array.isArray(value))
        return `a list of ${value.length}`;
    if (typeof value === 'object')
        return 'an object';
    if (typeof value !== 'string')
        return String(value);
    return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value);
}
//# sourceMappingURL=structure.js.map
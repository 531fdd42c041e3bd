import { createDocumentBuilder } from './document.js';
/** Reads strict JSON (RFC 8259). `JSON.parse` knows neither lines nor keys given twice. */
export function parseJsonDocument(text) {
    const builder = createDocumentBuilder();
    const reader = { text, offset: 0, line: 1, builder };
    try {
        skipSpace(reader);
        const data = readValue(reader, [], 1);
        skipSpace(reader);
        if (reader.offset < text.length)
            throw expected(reader, 'the end');
        return builder.finish(data);
    }
    catch (error) {
        if (!(error instanceof JsonSyntaxError))
            throw error;
        builder.fault([], reader.line, error.message);
        return builder.finish(undefined);
    }
}
class JsonSyntaxError extends Error {
}
const SPACE = /[ \t\r\n]*/y;
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON forbids them within strings.
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const SCALAR = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;
function readValue(reader, path, line) {
    if (!reader.builder.enter(path, line))
        throw new JsonSyntaxError('expected a smaller document');
    reader.builder.note(path, { line, textLine: reader.line });
    if (accept(reader, '{'))
        return readObject(reader, path);
    if (accept(reader, '['))
        return readList(reader, path);
    const scalar = match(reader, STRING) ?? match(reader, SCALAR);
    if (scalar === undefined)
        throw expected(reader, 'a value');
    return JSON.parse(scalar);
}
function readObject(reader, path) {
    const object = {};
    skipSpace(reader);
    if (accept(reader, '}'))
        return object;
    do {
        skipSpace(reader);
        const line = reader.line;
        const quoted = match(reader, STRING);
        if (quoted === undefined)
            throw expected(reader, 'a key in double quotes');
        const inner = [...path, JSON.parse(quoted)];
        skipSpace(reader);
        if (!accept(reader, ':'))
            throw expected(reader, 'a colon');
        skipSpace(reader);
        const value = readValue(reader, inner, line);
        reader.builder.assign(object, inner, line, value);
        skipSpace(reader);
    } while (accept(reader, ','));
    if (!accept(reader, '}'))
        throw expected(reader, 'a comma or }');
    return object;
}
function readList(reader, path) {
    const list = [];
    skipSpace(reader);
    if (accept(reader, ']'))
        return list;
    do {
        skipSpace(reader);
        list.push(readValue(reader, [...path, list.length], reader.line));
        skipSpace(reader);
    } while (accept(reader, ','));
    if (!accept(reader, ']'))
        throw expected(reader, 'a comma or ]');
    return list;
}
function skipSpace(reader) {
    const space = match(reader, SPACE) ?? '';
    for (const character of space)
        if (character === '\n')
            reader.line += 1;
}
function accept(reader, character) {
    if (reader.text[reader.offset] !== character)
        return false;
    reader.offset += 1;
    return true;
}
function match(reader, pattern) {
    pattern.lastIndex = reader.offset;
    const found = pattern.exec(reader.text)?.[0];
    reader.offset += found?.length ?? 0;
    return found;
}
function expected(reader, what) {
    const rest = reader.text.slice(reader.offset, reader.offset + 20).split('\n', 1)[0];
    const found = reader.offset >= reader.text.length ? 'the end' : JSON.stringify(rest);
    return new JsonSyntaxError(`expected JSON: ${what}, found ${found}`);
}
//# sourceMappingURL=json-document.js.map
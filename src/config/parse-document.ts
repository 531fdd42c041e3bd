import {
  type Alias,
  type Document,
  isAlias,
  isCollection,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  type Scalar,
  visit,
  type YAMLMap,
} from 'yaml';
import { messageOf } from '../domain/errors.ts';
import { ConfigDocument } from './document.ts';
import type { ConfigPath } from './fault.ts';

const OPTIONS = {
  prettyErrors: false,
  // `readMap` finds duplicate keys, since it knows their paths.
  uniqueKeys: false,
  stringKeys: false,
  // Tags such as `!!binary` produce values that JSON does not have.
  resolveKnownTags: false,
};

/** Reads one YAML 1.2 document. Aliases are written out; every fault of syntax is reported. */
export function parseYamlDocument(text: string): ConfigDocument {
  const lines = new LineCounter();
  const yaml = parseDocument(text, { ...OPTIONS, lineCounter: lines });
  const document = new ConfigDocument();
  const lineAt = (offset: number) => lines.linePos(offset).line;
  for (const problem of [...yaml.errors, ...yaml.warnings]) {
    const hint = problem.code === 'BLOCK_AS_IMPLICIT_KEY' ? '; a text with ": " needs quotes' : '';
    document.fault([], lineAt(problem.pos[0]), `expected YAML: ${problem.message}${hint}`);
  }
  // What the parser recovered after a fault of syntax is a guess, which would only mislead.
  if (yaml.errors.length > 0 || yaml.contents === null) return document;
  const reader: Reader = { targets: resolveAliases(yaml), document, lineAt };
  // A document of `---` and comments alone is null, and counts as empty.
  document.data = readNode(reader, yaml.contents, [], 1) ?? undefined;
  return document;
}

/** Reads strict JSON (RFC 8259), which is YAML, too. */
export function parseJsonDocument(text: string): ConfigDocument {
  const fault = jsonFault(text);
  if (fault === undefined) {
    const document = parseYamlDocument(text);
    document.data ??= null;
    document.hasSources = false;
    return document;
  }
  const document = new ConfigDocument();
  const line = text.slice(0, findStray(text)).split('\n').length;
  document.fault([], line, `expected JSON: ${fault.replaceAll('\n', ' ')}`);
  return document;
}

function jsonFault(text: string): string | undefined {
  try {
    JSON.parse(text);
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

/** Offset of the first part of a text that is not JSON, as far as YAML, which allows more, can tell. */
function findStray(text: string): number {
  const { contents, errors } = parseDocument(text, OPTIONS);
  let offset = errors[0]?.pos[0];
  if (offset !== undefined || contents === null) return offset ?? text.length;
  visit(contents, {
    Node: (_key, node) => {
      const [start, end] = node.range ?? [0, 0];
      const source = text.slice(start, end);
      if (isCollection(node) ? !/^[{[]/.test(source) : jsonFault(source) !== undefined)
        offset = start;
      else if (isCollection(node) && /,\s*.$/.test(source)) offset = end - 1;
      return offset === undefined ? undefined : visit.BREAK;
    },
  });
  // What is left is a YAML comment; the parser does not tell where comments are.
  return offset ?? text.search(/(?:^|\s)#/) + 1;
}

interface Reader {
  readonly targets: ReadonlyMap<Alias, Node>;
  readonly document: ConfigDocument;
  lineAt(offset: number): number;
}

/** The target of each alias, found in one pass: the package would search the whole document for each alias. */
function resolveAliases(yaml: Document): ReadonlyMap<Alias, Node> {
  const anchors = new Map<string, Node>();
  const targets = new Map<Alias, Node>();
  visit(yaml, {
    Node(_key, node) {
      if (isAlias(node)) {
        const target = anchors.get(node.source);
        if (target !== undefined) targets.set(node, target);
      } else if (node.anchor !== undefined) anchors.set(node.anchor, node);
    },
  });
  return targets;
}

/** Reads a node as data. `line` is the line of its key or element. */
function readNode(reader: Reader, node: unknown, path: ConfigPath, line: number): unknown {
  const { document } = reader;
  if (isAlias(node)) {
    document.note(path, { line });
    const target = reader.targets.get(node);
    if (target !== undefined) return readNode(reader, target, path, line);
    document.fault(path, line, `expected the name of an anchor, found *${node.source}`);
    return undefined;
  }
  if (!document.enter(path, line)) return undefined;
  if (isScalar(node)) {
    noteScalar(reader, node, path, line);
    return node.value;
  }
  document.note(path, { line });
  if (isMap(node)) return readMap(reader, node, path, line);
  if (!isSeq(node)) return null;
  return node.items.map((item, index) =>
    readNode(reader, item, [...path, index], lineOfNode(reader, item, line)),
  );
}

function readMap(reader: Reader, map: YAMLMap, path: ConfigPath, line: number): unknown {
  const { document } = reader;
  const object: Record<string, unknown> = {};
  for (const pair of map.items) {
    const keyLine = lineOfNode(reader, pair.key, line);
    const key = keyOfPair(pair);
    if (key === undefined) {
      document.fault(path, keyLine, 'expected a word as key, found a list, object or alias');
      continue;
    }
    const inner = [...path, key];
    const value = readNode(reader, pair.value, inner, keyLine);
    if (key === '__proto__') {
      document.fault(inner, keyLine, 'expected another name: this one is reserved');
    } else if (Object.hasOwn(object, key)) {
      document.fault(inner, keyLine, 'expected each key once, found it twice');
    } else object[key] = value;
  }
  return object;
}

function keyOfPair(pair: Pair): string | undefined {
  if (pair.key === null) return 'null';
  return isScalar(pair.key) ? (pair.key.source ?? String(pair.key.value)) : undefined;
}

function lineOfNode(reader: Reader, node: unknown, otherwise: number): number {
  const offset = isNode(node) ? node.range?.[0] : undefined;
  return offset === undefined ? otherwise : reader.lineAt(offset);
}

function noteScalar(reader: Reader, node: Scalar, path: ConfigPath, line: number): void {
  const start = lineOfNode(reader, node, line);
  const block = node.type === 'BLOCK_LITERAL' || node.type === 'BLOCK_FOLDED';
  reader.document.note(path, {
    line,
    // A block's text begins on the line after its `|` or `>`.
    textLine: block ? start + 1 : start,
    verbatim: node.type === 'BLOCK_LITERAL',
    source: node.source,
  });
}

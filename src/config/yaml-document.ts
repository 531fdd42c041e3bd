import {
  type Alias,
  type Document,
  isAlias,
  isMap,
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
import { type ConfigDocument, createDocumentBuilder, type DocumentBuilder } from './document.ts';
import type { ConfigPath } from './fault.ts';

/** Reads one YAML 1.2 document. Aliases are written out; every fault of syntax is reported. */
export function parseYamlDocument(text: string): ConfigDocument {
  const lines = new LineCounter();
  // Duplicate keys are found while walking, where their path is known.
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: false,
    stringKeys: false,
    // Tags such as `!!binary` produce values that JSON does not have.
    resolveKnownTags: false,
  });
  const builder = createDocumentBuilder();
  const lineAt = (offset: number) => lines.linePos(offset).line;
  for (const problem of [...document.errors, ...document.warnings]) {
    const hint = problem.code === 'BLOCK_AS_IMPLICIT_KEY' ? '; a text with ": " needs quotes' : '';
    const message = `expected YAML: ${problem.message}${hint}`;
    builder.fault([], lineAt(problem.pos[0]), message);
  }
  // What the parser recovered after a fault of syntax is a guess, and would only mislead.
  if (document.errors.length > 0 || document.contents === null) return builder.finish(undefined);
  const reader: Reader = { targets: resolveAliases(document), builder, lineAt };
  const data = readNode(reader, document.contents, [], 1);
  // Nothing but `---`, or comments after it, is as empty as nothing.
  return builder.finish(data === null ? undefined : data);
}

interface Reader {
  readonly targets: ReadonlyMap<Alias, Node>;
  readonly builder: DocumentBuilder;
  lineAt(offset: number): number;
}

/** All in one pass: the package searches the whole document anew for each. */
function resolveAliases(document: Document): ReadonlyMap<Alias, Node> {
  const anchors = new Map<string, Node>();
  const targets = new Map<Alias, Node>();
  visit(document, {
    Node(_key, node) {
      if (isAlias(node)) {
        const target = anchors.get(node.source);
        if (target !== undefined) targets.set(node, target);
      } else if (node.anchor !== undefined) anchors.set(node.anchor, node);
    },
  });
  return targets;
}

/** `line` is that of the key or element, known to the caller. */
function readNode(reader: Reader, node: unknown, path: ConfigPath, line: number): unknown {
  if (isAlias(node)) {
    reader.builder.note(path, { line });
    const target = reader.targets.get(node);
    if (target !== undefined) return readNode(reader, target, path, line);
    reader.builder.fault(path, line, `expected the name of an anchor, found *${node.source}`);
    return undefined;
  }
  if (!reader.builder.enter(path, line)) return undefined;
  if (isMap(node)) return readMap(reader, node, path, line);
  if (isSeq(node)) {
    reader.builder.note(path, { line });
    return node.items.map((item, index) =>
      readNode(reader, item, [...path, index], lineOfNode(reader, item as Node | null, line)),
    );
  }
  if (isScalar(node)) {
    noteScalar(reader, node, path, line);
    return node.value;
  }
  reader.builder.note(path, { line });
  return null;
}

function readMap(reader: Reader, map: YAMLMap, path: ConfigPath, line: number): unknown {
  reader.builder.note(path, { line });
  const object: Record<string, unknown> = {};
  for (const pair of map.items) {
    const keyLine = lineOfNode(reader, pair.key as Node | null, line);
    const key = keyOfPair(pair);
    if (key === undefined) {
      reader.builder.fault(path, keyLine, 'expected a word as key, found a list, object or alias');
      continue;
    }
    const inner = [...path, key];
    reader.builder.assign(object, inner, keyLine, readNode(reader, pair.value, inner, keyLine));
  }
  return object;
}

function keyOfPair(pair: Pair): string | undefined {
  if (pair.key === null) return 'null';
  return isScalar(pair.key) ? (pair.key.source ?? String(pair.key.value)) : undefined;
}

function lineOfNode(reader: Reader, node: Node | null | undefined, otherwise: number): number {
  const offset = node?.range?.[0];
  return offset === undefined ? otherwise : reader.lineAt(offset);
}

function noteScalar(reader: Reader, node: Scalar, path: ConfigPath, line: number): void {
  const start = lineOfNode(reader, node, line);
  const block = node.type === 'BLOCK_LITERAL' || node.type === 'BLOCK_FOLDED';
  reader.builder.note(path, {
    line,
    // A block's text begins on the line after its `|` or `>`.
    textLine: block ? start + 1 : start,
    verbatim: node.type === 'BLOCK_LITERAL',
    source: node.source,
  });
}

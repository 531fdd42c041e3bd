import type { ConfigPath } from './fault.ts';
import { MAX_CONFIG_DEPTH, MAX_CONFIG_NODES } from './limits.ts';

/** Something wrong at a place in a text. */
export interface LocatedFault {
  readonly path: ConfigPath;
  /** 1-based. */
  readonly line: number;
  readonly message: string;
}

/** A config's text as data, with the lines that its parts stand on. */
export interface ConfigDocument {
  /** Plain objects, lists and scalars; `undefined` where the text is empty or unreadable. */
  readonly data: unknown;
  readonly faults: readonly LocatedFault[];
  /** Line of a key or an element; of the nearest part around it where it is not in the text. */
  lineOf(path: ConfigPath): number;
  /** Line of the `newlines`-th line feed of a text value (0 = its first line), where known. */
  textLineOf(path: ConfigPath, newlines: number): number;
  /** A scalar as it was written, before it became a number or a boolean. */
  sourceOf(path: ConfigPath): string | undefined;
}

/** What a parser knows of one part of the text. */
export interface PartNote {
  /** Line of its key or, for an element of a list, of its beginning. */
  readonly line: number;
  /** Line on which the text of a scalar begins. */
  readonly textLine?: number;
  /** Line feeds of the value are line feeds of the file. */
  readonly verbatim?: boolean;
  readonly source?: string | undefined;
}

/** What parsers report to while they read. */
export interface DocumentBuilder {
  fault(path: ConfigPath, line: number, message: string): void;
  note(path: ConfigPath, note: PartNote): void;
  /** Counts one value; false: too many or too deep, do not read on into it. */
  enter(path: ConfigPath, line: number): boolean;
  /** Sets a key of an object; a key set before, or not allowed, is a fault. */
  assign(target: Record<string, unknown>, path: ConfigPath, line: number, value: unknown): void;
  finish(data: unknown): ConfigDocument;
}

export function createDocumentBuilder(): DocumentBuilder {
  const notes = new Map<string, PartNote>();
  const faults: LocatedFault[] = [];
  let nodes = 0;
  let full = false;

  function fault(path: ConfigPath, line: number, message: string): void {
    faults.push({ path, line, message });
  }

  function enter(path: ConfigPath, line: number): boolean {
    nodes += 1;
    if (nodes <= MAX_CONFIG_NODES && path.length <= MAX_CONFIG_DEPTH) return true;
    if (!full) {
      const bounds = `${MAX_CONFIG_NODES} values in ${MAX_CONFIG_DEPTH} levels`;
      fault([], line, `expected at most ${bounds}, found more`);
    }
    full = true;
    return false;
  }

  function assign(
    target: Record<string, unknown>,
    path: ConfigPath,
    line: number,
    value: unknown,
  ): void {
    const key = String(path.at(-1));
    // An object cannot hold it as an ordinary key, and nothing is called that.
    if (key === '__proto__') fault(path, line, 'expected another name: this one is reserved');
    else if (Object.hasOwn(target, key))
      fault(path, line, 'expected each key once, found it twice');
    else target[key] = value;
  }

  return {
    fault,
    note: (path, note) => void (notes.has(keyOf(path)) || notes.set(keyOf(path), note)),
    enter,
    assign,
    finish: (data) => createDocument(data, notes, faults),
  };
}

function createDocument(
  data: unknown,
  notes: ReadonlyMap<string, PartNote>,
  faults: readonly LocatedFault[],
): ConfigDocument {
  const lineOf = (path: ConfigPath): number => {
    for (let length = path.length; length > 0; length -= 1) {
      const note = notes.get(keyOf(path.slice(0, length)));
      if (note !== undefined) return note.line;
    }
    return 1;
  };
  return {
    data,
    faults,
    lineOf,
    textLineOf(path, newlines) {
      const note = notes.get(keyOf(path));
      if (note?.textLine === undefined) return lineOf(path);
      return note.textLine + (note.verbatim === true ? newlines : 0);
    },
    sourceOf: (path) => notes.get(keyOf(path))?.source,
  };
}

function keyOf(path: ConfigPath): string {
  return JSON.stringify(path);
}

import type { ConfigPath } from './fault.ts';
import { MAX_CONFIG_DEPTH, MAX_CONFIG_NODES } from './keys/limits.ts';

/** A fault at a line of a config's text. */
export interface LocatedFault {
  readonly path: ConfigPath;
  /** 1-based. */
  readonly line: number;
  readonly message: string;
}

/** What a parser knows of one part of the text. */
interface PartNote {
  /** Line on which the key of the part stands or, for an element of a list, on which the element begins. */
  readonly line: number;
  /** Line on which the text of a scalar begins. */
  readonly textLine?: number;
  /** Whether each line feed of the value is a line feed of the file. */
  readonly verbatim?: boolean;
  readonly source?: string | undefined;
}

/** A config's text as data, with the line of each part; filled by a parser. */
export class ConfigDocument {
  /** Plain objects, lists and scalars; `undefined` if the text is empty or unreadable. */
  data: unknown;
  readonly faults: LocatedFault[] = [];
  /** Whether a scalar has a text of its own. It has none in JSON, where `2.0` is no other number than `2`. */
  hasSources = true;
  readonly #notes = new Map<string, PartNote>();
  #nodes = 0;
  #isFull = false;

  fault(path: ConfigPath, line: number, message: string): void {
    this.faults.push({ path, line, message });
  }

  /** Notes where a part stands. Only the first note of a part counts. */
  note(path: ConfigPath, note: PartNote): void {
    const key = keyOf(path);
    if (!this.#notes.has(key)) this.#notes.set(key, note);
  }

  /** Counts one value. Returns false if it must not be read: it is too deep, or there are too many values. */
  enter(path: ConfigPath, line: number): boolean {
    this.#nodes += 1;
    if (this.#nodes <= MAX_CONFIG_NODES && path.length <= MAX_CONFIG_DEPTH) return true;
    const bounds = `${MAX_CONFIG_NODES} values in ${MAX_CONFIG_DEPTH} levels`;
    if (!this.#isFull) this.fault([], line, `expected at most ${bounds}, found more`);
    this.#isFull = true;
    return false;
  }

  /** Line of a key or an element or, if it is not in the text, of the nearest part around it. */
  lineOf(path: ConfigPath): number {
    for (let length = path.length; length > 0; length -= 1) {
      const note = this.#notes.get(keyOf(path.slice(0, length)));
      if (note !== undefined) return note.line;
    }
    return 1;
  }

  /** Line of the file for the text value's line `newlines` (0 = its first); its first line if more is not known. */
  textLineOf(path: ConfigPath, newlines: number): number {
    const { textLine, verbatim = false } = this.#notes.get(keyOf(path)) ?? {};
    if (textLine === undefined) return this.lineOf(path);
    return textLine + (verbatim ? newlines : 0);
  }

  /** A scalar as it was written, before it became a number or a boolean. */
  sourceOf(path: ConfigPath): string | undefined {
    return this.hasSources ? this.#notes.get(keyOf(path))?.source : undefined;
  }
}

function keyOf(path: ConfigPath): string {
  return JSON.stringify(path);
}

import type { ConfigPath } from './fault.ts';
import { MAX_CONFIG_DEPTH, MAX_CONFIG_NODES } from './limits.ts';

/** Something wrong at a place in a text. */
export interface LocatedFault {
  readonly path: ConfigPath;
  /** 1-based. */
  readonly line: number;
  readonly message: string;
}

/** What a parser knows of one part of the text. */
interface PartNote {
  /** Line of its key or, for an element of a list, of its beginning. */
  readonly line: number;
  /** Line on which the text of a scalar begins. */
  readonly textLine?: number;
  /** Line feeds of the value are line feeds of the file. */
  readonly verbatim?: boolean;
  readonly source?: string | undefined;
}

/** A config's text as data, with the lines that its parts stand on; filled by a parser. */
export class ConfigDocument {
  /** Plain objects, lists and scalars; `undefined` if the text is empty or unreadable. */
  data: unknown;
  readonly faults: LocatedFault[] = [];
  /** Whether a scalar is more than its value: `2.0` is no other number than `2` in JSON. */
  hasSources = true;
  readonly #notes = new Map<string, PartNote>();
  #nodes = 0;
  #isFull = false;

  fault(path: ConfigPath, line: number, message: string): void {
    this.faults.push({ path, line, message });
  }

  /** Notes where a part stands; the first note of a part counts. */
  note(path: ConfigPath, note: PartNote): void {
    const key = keyOf(path);
    if (!this.#notes.has(key)) this.#notes.set(key, note);
  }

  /** Counts one value; false if there are too many or it is too deep: it must not be read. */
  enter(path: ConfigPath, line: number): boolean {
    this.#nodes += 1;
    if (this.#nodes <= MAX_CONFIG_NODES && path.length <= MAX_CONFIG_DEPTH) return true;
    const bounds = `${MAX_CONFIG_NODES} values in ${MAX_CONFIG_DEPTH} levels`;
    if (!this.#isFull) this.fault([], line, `expected at most ${bounds}, found more`);
    this.#isFull = true;
    return false;
  }

  /** Line of a key or an element; of the nearest part around it if it is not in the text. */
  lineOf(path: ConfigPath): number {
    for (let length = path.length; length > 0; length -= 1) {
      const note = this.#notes.get(keyOf(path.slice(0, length)));
      if (note !== undefined) return note.line;
    }
    return 1;
  }

  /** Line of the `newlines`-th line feed of a text value (0 = its first line), where known. */
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

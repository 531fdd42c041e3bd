import { readFileSync, writeFileSync } from 'node:fs';
import { ConfigError } from '../config/fault.ts';
import { messageOf } from '../domain/errors.ts';
import { convertGateway } from '../tensorzero/convert.ts';
import { describeNote, writeDocument } from '../tensorzero/document.ts';
import { readGateway } from '../tensorzero/read.ts';
import { printError } from './output.ts';

/** Flags of `import-tensorzero`. */
export interface ImportFlags {
  readonly out: string | undefined;
  readonly force: boolean | undefined;
}

/**
 * Makes a config of the experiments in a `tensorzero.toml`, in a file or on standard output, and prints on standard
 * error what is not carried over. Throws a `ConfigError`, and then writes nothing.
 */
export function importTensorzero(file: string, { out, force }: ImportFlags): void {
  const conversion = convertGateway(readGateway(readText(file), file), file);
  const text = writeDocument(conversion, file);
  if (out === undefined) process.stdout.write(text);
  else writeFileSync(out, text, { flag: force === true ? 'w' : 'wx' });
  for (const note of conversion.notes) printError(`${file}: ${describeNote(note)}`);
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const message = `expected a readable file, found: ${messageOf(error)}`;
    throw new ConfigError([{ file, line: 1, path: '', message }], { cause: error });
  }
}

import { once } from 'node:events';
import { printableJson, printableLines } from '../domain/printable.ts';

let isListening = false;

/** Exits quietly when the reader of the output has closed it (`… | head`), instead of with a stack trace. */
export function endWhenUnread(): void {
  if (isListening) return;
  isListening = true;
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(0);
      throw error;
    });
  }
}

/** Writes lines of text to standard output, and waits for a slow reader. */
export function printLine(text: string): Promise<void> {
  return write(printableLines(text));
}

/** As `printLine`, for JSON. */
export function printJson(json: string): Promise<void> {
  return write(printableJson(json));
}

/** Writes lines of text to standard error. */
export function printError(text: string): void {
  console.error(printableLines(text));
}

async function write(text: string): Promise<void> {
  if (!process.stdout.write(`${text}\n`)) await once(process.stdout, 'drain');
}

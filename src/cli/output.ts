import { once } from 'node:events';
import { printableJson, printableLines } from '../domain/printable.ts';

let isListening = false;

/**
 * Ends the process quietly when whoever reads its output has gone (`… | head`), instead of with a
 * stack trace.
 */
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

/** Writes lines for people to standard output, and waits where its reader is slower. */
export function printLine(text: string): Promise<void> {
  return write(printableLines(text));
}

/** As `printLine`, JSON. */
export function printJson(json: string): Promise<void> {
  return write(printableJson(json));
}

/** Writes lines for people to standard error. */
export function printError(text: string): void {
  console.error(printableLines(text));
}

async function write(text: string): Promise<void> {
  if (!process.stdout.write(`${text}\n`)) await once(process.stdout, 'drain');
}

import { once } from 'node:events';

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

/** Writes a line to standard output, and waits where its reader is slower. */
export async function printLine(text: string): Promise<void> {
  if (!process.stdout.write(`${text}\n`)) await once(process.stdout, 'drain');
}

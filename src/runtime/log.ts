import { closeSync, constants, fstatSync, openSync, statSync } from 'node:fs';
import { type DestinationStream, destination, type Logger, pino } from 'pino';
import { clip } from '../domain/clip.ts';
import { printable, printableLines } from '../domain/printable.ts';
import { isPipe, writeToPipe } from './log-pipe.ts';

/** Where log lines go. */
export interface LogOptions {
  readonly level: string;
  /** Beside standard output; `undefined`: nowhere else. */
  readonly file: string | undefined;
}

/** A log that can be moved. */
export interface Log {
  readonly logger: Logger;
  /**
   * Opens the file anew, or another one, or none: a file that was moved aside is done with then. One
   * that cannot be opened is said so, and done without.
   */
  useFile(file: string | undefined): void;
}

/**
 * Logs JSON lines on standard output, readable ones where that is a terminal, and JSON lines to a
 * file if asked. A file that cannot be written, now or later, is said so once, and done without.
 */
export async function createLog({ level, file }: LogOptions): Promise<Log> {
  const output = process.stdout.isTTY
    ? await prettyStream()
    : standardOutput((count) =>
        logger.warn({ dropped: count }, 'lines of this log were dropped: nobody read them in time'),
      );
  let logFile: ReturnType<typeof writeTo> | undefined;
  const timestamp = pino.stdTimeFunctions.isoTime;
  const both = {
    write(line: string) {
      const bounded = boundedEntry(line);
      output.write(bounded);
      logFile?.write(bounded);
    },
  };
  const logger = pino({ level, base: null, timestamp }, both);
  const useFile = (path: string | undefined) => {
    const former = logFile;
    logFile = undefined;
    former?.end();
    if (path === undefined) return;
    const giveUp = (error: unknown) => {
      logFile = undefined;
      logger.warn(
        { err: error, file: path },
        'the log file cannot be written, and is done without',
      );
    };
    try {
      const opened = writeTo(openLogFile(path), (error) => {
        if (logFile === opened) giveUp(error);
      });
      logFile = opened;
    } catch (error) {
      giveUp(error);
    }
  };
  useFile(file);
  return { logger, useFile };
}

/**
 * Opens a file to append to. Throws where it is a pipe, say: lines are written at once, and one whose
 * reader stalls would stall the service.
 */
function openLogFile(path: string): number {
  const { O_APPEND, O_CREAT, O_NONBLOCK, O_WRONLY } = constants;
  const kind = statSync(path, { throwIfNoEntry: false });
  if (kind !== undefined && !kind.isFile()) throw new Error(`expected a regular file: ${path}`);
  // It may be another one by now: a pipe would make the process wait for its reader.
  const fd = openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK, 0o666);
  if (fstatSync(fd).isFile()) return fd;
  closeSync(fd);
  throw new Error(`expected a regular file: ${path}`);
}

/** A pipe's reader may stall, and must not stall the service; a file is written at once. */
function standardOutput(sayDropped: (count: number) => void): DestinationStream {
  const { fd } = process.stdout;
  return isPipe(fd) ? writeToPipe(fd, sayDropped) : writeTo(fd, () => {});
}

/** Only a person at a terminal pays for it. */
async function prettyStream(): Promise<DestinationStream> {
  const { default: pretty } = await import('pino-pretty');
  const shown = pretty({ translateTime: 'SYS:HH:MM:ss.l', sync: true, singleLine: true });
  return { write: (line) => void shown.write(`${printableEntry(line)}\n`) };
}

/**
 * Writes at once: the last lines before an end are the ones that matter, and a stream that writes
 * later never lets the process end once its reader has gone.
 */
function writeTo(fd: number, onError: (error: unknown) => void) {
  return destination({ fd, sync: true }).on('error', onError);
}

/** Characters of a line that is written as it is: readers of logs cut lines, or drop them, from 16 to 256 KB. */
const MAX_LINE_LENGTH = 32_768;

/** Bytes of each text, and items of each list, in a line that is longer. */
const MAX_TEXT_BYTES = 4096;
const MAX_ITEMS = 20;

/** A line of the log, its texts and lists cut short where it is long. */
export function boundedEntry(line: string): string {
  if (line.length <= MAX_LINE_LENGTH) return line;
  const entry = JSON.stringify(JSON.parse(line), (_key, value: unknown) => {
    if (typeof value === 'string') return clip(value, MAX_TEXT_BYTES);
    return Array.isArray(value) ? value.slice(0, MAX_ITEMS) : value;
  });
  return `${entry}\n`;
}

/** A line of the log whose texts forge no other line and move no cursor; a stack has lines of its own. */
export function printableEntry(line: string): string {
  return JSON.stringify(JSON.parse(line), (key, value: unknown) => {
    if (typeof value !== 'string') return value;
    return key === 'stack' ? printableLines(value) : printable(value);
  });
}

import { closeSync, constants, fstatSync, openSync, statSync } from 'node:fs';
import { type DestinationStream, destination, type Logger, pino } from 'pino';
import { clip } from '../domain/clip.ts';
import { printable, printableLines } from '../domain/printable.ts';
import { isPipe, writeToPipe } from './log-pipe.ts';

/** Where log lines go. */
export interface LogOptions {
  readonly level: string;
  /** A file that gets every line, beside standard output. */
  readonly file: string | undefined;
}

/** A log whose file can be replaced. */
export interface Log {
  readonly logger: Logger;
  /**
   * Closes the log file, and opens `file`: the same file again, another one, or none. If it cannot be opened, this is
   * logged, and the log goes on without a file.
   */
  useFile(file: string | undefined): void;
  /** Logs that the service serves. A terminal shows `lines` in place of the entry. */
  started(lines: readonly string[], message: string, fields: object): void;
}

/**
 * Logs JSON lines on standard output, or readable ones if that is a terminal, and JSON lines to a file if there is one.
 * If the file cannot be written, this is logged once, and the log goes on without a file.
 */
export async function createLog({ level, file }: LogOptions): Promise<Log> {
  const { isTTY } = process.stdout;
  const sayDropped = (count: number) =>
    logger.warn({ dropped: count }, 'lines of this log were dropped: nobody read them in time');
  const output = isTTY ? await prettyStream() : standardOutput(sayDropped);
  let shown = output;
  let logFile: ReturnType<typeof writeTo> | undefined;
  const both = {
    write(line: string) {
      const bounded = boundedEntry(line);
      shown.write(bounded);
      logFile?.write(bounded);
    },
  };
  const logger = pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, both);
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
  return {
    logger,
    useFile,
    started(lines, message, fields) {
      const text = printableLines(`${lines.join('\n')}\n`);
      if (isTTY) shown = { write: () => process.stdout.write(text) };
      logger.info(fields, message);
      shown = output;
    },
  };
}

/** Opens a file to append to. Throws unless it is a regular one: a pipe's reader could stall the service. */
function openLogFile(path: string): number {
  const { O_APPEND, O_CREAT, O_NONBLOCK, O_WRONLY } = constants;
  const kind = statSync(path, { throwIfNoEntry: false });
  if (kind !== undefined && !kind.isFile()) throw new Error(`expected a regular file: ${path}`);
  // O_NONBLOCK: does not wait for the reader of a pipe that has taken the file's place since.
  const fd = openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK, 0o666);
  if (fstatSync(fd).isFile()) return fd;
  closeSync(fd);
  throw new Error(`expected a regular file: ${path}`);
}

/** A pipe's reader may stall, and must not stall the service; a file is written synchronously. */
function standardOutput(sayDropped: (count: number) => void): DestinationStream {
  const { fd } = process.stdout;
  return isPipe(fd) ? writeToPipe(fd, sayDropped) : writeTo(fd, () => {});
}

/** A stream of readable lines. pino-pretty is loaded for terminals only, as it costs time and memory. */
async function prettyStream(): Promise<DestinationStream> {
  const { default: pretty } = await import('pino-pretty');
  const shown = pretty({ translateTime: 'SYS:HH:MM:ss.l', sync: true, singleLine: true });
  return { write: (line) => void shown.write(`${printableEntry(line)}\n`) };
}

/**
 * Writes synchronously: the last lines before an exit matter most, and an asynchronous stream with lines to write keeps
 * the process alive even if its reader has gone.
 */
function writeTo(fd: number, onError: (error: unknown) => void) {
  return destination({ fd, sync: true }).on('error', onError);
}

/** Maximum characters of a line: log collectors cut or drop lines that are longer than 16 to 256 KB. */
const MAX_LINE_LENGTH = 32_768;

/** Maximum bytes of each text, and items of each list, in a line that is cut. */
const MAX_TEXT_BYTES = 4096;
const MAX_ITEMS = 20;

/** A line of the log; if it is too long, its texts and lists are cut. */
export function boundedEntry(line: string): string {
  if (line.length <= MAX_LINE_LENGTH) return line;
  const entry = JSON.stringify(JSON.parse(line), (_key, value: unknown) => {
    if (typeof value === 'string') return clip(value, MAX_TEXT_BYTES);
    return Array.isArray(value) ? value.slice(0, MAX_ITEMS) : value;
  });
  return `${entry}\n`;
}

/** A line of the log for a terminal: its texts cannot forge lines or move the cursor. Only stacks keep line breaks. */
export function printableEntry(line: string): string {
  return JSON.stringify(JSON.parse(line), (key, value: unknown) => {
    if (typeof value !== 'string') return value;
    return key === 'stack' ? printableLines(value) : printable(value);
  });
}

import { openSync } from 'node:fs';
import { type DestinationStream, destination, type Logger, pino } from 'pino';

/** Where log lines go. */
export interface LogOptions {
  readonly level: string;
  /** Beside standard output; `undefined`: nowhere else. */
  readonly file: string | undefined;
}

/**
 * Logs JSON lines on standard output, readable ones where that is a terminal, and JSON lines to a
 * file if asked. A file that cannot be written, now or later, is said so once, and done without.
 */
export async function createLogger({ level, file }: LogOptions): Promise<Logger> {
  const console = process.stdout.isTTY
    ? await prettyStream()
    : writeTo(process.stdout.fd, () => {});
  const streams: DestinationStream[] = [console];
  const timestamp = pino.stdTimeFunctions.isoTime;
  const all = { write: (line: string) => streams.forEach((stream) => void stream.write(line)) };
  const logger = pino({ level, base: null, timestamp }, all);
  const giveUp = (error: unknown) => {
    streams.length = 1;
    logger.warn({ err: error, file }, 'the log file cannot be written, and is done without');
  };
  try {
    if (file !== undefined) streams.push(writeTo(openSync(file, 'a'), giveUp));
  } catch (error) {
    giveUp(error);
  }
  return logger;
}

/** Only a person at a terminal pays for it. */
async function prettyStream(): Promise<DestinationStream> {
  const { default: pretty } = await import('pino-pretty');
  return pretty({ translateTime: 'SYS:HH:MM:ss.l', sync: true, singleLine: true });
}

/**
 * Writes at once: the last lines before an end are the ones that matter, and a stream that writes
 * later never lets the process end once its reader has gone.
 */
function writeTo(fd: number, onError: (error: unknown) => void): DestinationStream {
  return destination({ fd, sync: true }).on('error', onError);
}

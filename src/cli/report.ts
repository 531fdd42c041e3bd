import { CommanderError } from 'commander';
import { AccessError } from '../access/access-error.ts';
import { ConfigError, formatFault } from '../config/fault.ts';
import { messageOf } from '../domain/errors.ts';
import { printError } from './output.ts';

const EXIT_OK = 0;
const EXIT_FAILURE = 1;
/** A wrong flag or config. */
const EXIT_USAGE = 2;

/** Prints why a command failed, one line per fault. Returns the exit code. */
export function report(error: unknown): number {
  // Commander has printed the error already.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT_OK : EXIT_USAGE;
  if (error instanceof ConfigError) {
    for (const fault of error.faults) printError(formatFault(fault));
    return EXIT_USAGE;
  }
  printError(messageOf(error));
  return error instanceof AccessError ? EXIT_USAGE : EXIT_FAILURE;
}

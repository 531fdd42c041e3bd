import { readFileSync } from 'node:fs';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { ConfigError, formatFault } from '../config/fault.ts';
import { loadConfig } from '../config/load.ts';
import { printConfig } from '../config/print.ts';
import { LOG_LEVELS } from '../config/schema.ts';
import { LedgerOpenError } from '../ledger/store.ts';
import { parseListenAddress } from '../rpc/listen.ts';
import type { ServeOptions } from './serve.ts';

const EXIT_FAILURE = 1;
/** A wrong flag or config. */
const EXIT_USAGE = 2;

interface ServeFlags extends ServeOptions {
  readonly checkConfig: boolean | undefined;
  readonly printConfig: boolean | undefined;
}

/** Runs a command line, and answers the exit code; a service goes on after that. */
export async function run(argv: readonly string[]): Promise<number> {
  try {
    await createProgram().parseAsync(argv);
    return 0;
  } catch (error) {
    return report(error);
  }
}

function createProgram(): Command {
  const program = new Command('learning-sidecar')
    .description('Learns better settings for the orchestrator beside it, and streams them to it')
    .version(packageVersion())
    .exitOverride()
    .showHelpAfterError('(--help shows what there is)')
    .enablePositionalOptions();
  program.addCommand(serveCommand(), { isDefault: true });
  return program;
}

function serveCommand(): Command {
  return new Command('serve')
    .description('serve until SIGTERM (the default command)')
    .exitOverride()
    .addOption(
      flag('--listen <address...>', 'where to serve gRPC: host:port or unix:/path; repeatable')
        .default(['127.0.0.1:50051'])
        .argParser(collectAddresses()),
    )
    .addOption(
      flag('--admin-listen <address>', 'where to serve HTTP: /healthz, /readyz, /metrics')
        .default('127.0.0.1:9464')
        .argParser((text) => checkedAddress(text)),
    )
    .addOption(
      flag('--data-dir <dir>', 'where the ledger is kept; :memory: for nowhere').default(
        '.learning-sidecar',
      ),
    )
    .addOption(flag('--config <file>', 'YAML or JSON; without it, the built-in defaults'))
    .addOption(flag('--log-level <level>', 'overrides monitoring.log_level').choices(LOG_LEVELS))
    .option('--check-config', 'check the config and stop')
    .option('--print-config', 'print the effective config and stop')
    .action(runServe);
}

async function runServe(flags: ServeFlags): Promise<void> {
  if (flags.checkConfig) return checkConfig(flags.config);
  if (flags.printConfig) {
    process.stdout.write(printConfig(loadConfig(flags.config).config));
    return;
  }
  // Loaded here: the other commands do without the service's libraries.
  const { serve } = await import('./serve.ts');
  await serve(flags);
}

function checkConfig(file: string | undefined): void {
  const { warnings } = loadConfig(file);
  for (const warning of warnings) console.error(`warning: ${formatFault(warning)}`);
  console.log(`${file ?? 'built-in defaults'}: valid`);
}

/** A flag and the environment variable of the same name. */
function flag(flags: string, description: string): Option {
  const option = new Option(flags, description);
  return option.env(`LEARNING_SIDECAR_${option.name().toUpperCase().replaceAll('-', '_')}`);
}

/** Each use adds to the list, as each comma of the environment variable does. */
function collectAddresses() {
  let given: string[] = [];
  return (text: string): string[] => {
    given = [...given, ...text.split(',').map(checkedAddress)];
    return given;
  };
}

function checkedAddress(text: string): string {
  try {
    parseListenAddress(text);
    return text;
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
  }
}

function packageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_USAGE;
  if (error instanceof ConfigError) {
    for (const fault of error.faults) console.error(formatFault(fault));
    return EXIT_USAGE;
  }
  if (error instanceof LedgerOpenError) console.error(error.message);
  else console.error(error instanceof Error ? error.message : error);
  return EXIT_FAILURE;
}

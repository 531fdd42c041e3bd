import { readFileSync } from 'node:fs';
import { Command, Option } from 'commander';
import { LOG_LEVELS } from '../config/log-level.ts';
import { DELTA_TYPES } from '../domain/delta.ts';
import type { AuditFlags } from './audit.ts';
import type { BacktestOptions } from './backtest.ts';
import {
  adminListenFlag,
  collectAddresses,
  configFlag,
  dataDirFlag,
  drainTimeout,
  fileMode,
  flag,
  listOf,
  positiveNumber,
  refuseUnclearSwitches,
  targetFlags,
} from './flags.ts';
import type { ReportOptions } from './gains-report.ts';
import type { HealthcheckFlags } from './healthcheck.ts';
import type { CopyFlags } from './ledger-copy.ts';
import type { ReplayOptions } from './replay.ts';
import { report } from './report.ts';
import type { ServeOptions } from './serve.ts';
import type { WatchOptions } from './watch.ts';

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

// Each command's code is loaded when it is called for: none pays for the libraries of another.

function createProgram(): Command {
  const program = new Command('learning-sidecar')
    .description('Learns better settings for the orchestrator beside it, and streams them to it')
    .version(packageVersion())
    .exitOverride()
    .showHelpAfterError('(--help shows what there is)')
    .addHelpText('after', '\nWithout a command it serves; `serve --help` shows the flags of that.')
    .enablePositionalOptions()
    .hook('preAction', (_, command) => {
      refuseUnclearSwitches(command);
      // A command ends with its terminal.
      if (command.name() !== 'serve') process.removeAllListeners('SIGHUP');
    });
  program.addCommand(serveCommand(), { isDefault: true });
  const clients = [healthcheckCommand(), replayCommand(), watchCommand(), reportCommand()];
  const others = [backtestCommand(), auditCommand(), backupCommand(), restoreCommand()];
  for (const command of [...clients, ...others]) {
    program.addCommand(command);
  }
  return program;
}

function subCommand(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .exitOverride()
    .showHelpAfterError(`(${name} --help shows what there is)`)
    .allowExcessArguments(false);
}

function withOptions(command: Command, options: readonly Option[]): Command {
  for (const option of options) command.addOption(option);
  return command;
}

function serveCommand(): Command {
  return (
    subCommand('serve', 'serve until SIGTERM (the default command)')
      .addOption(
        flag('--listen <address>', 'where to serve gRPC: host:port or unix:/path; repeatable')
          .default(['127.0.0.1:50051'])
          .argParser(collectAddresses()),
      )
      .addOption(adminListenFlag())
      .addOption(dataDirFlag())
      .addOption(configFlag())
      .addOption(
        flag('--recover', 'mend a damaged ledger: move it aside, keep what can be read of it'),
      )
      .addOption(flag('--log-level <level>', 'overrides monitoring.log_level').choices(LOG_LEVELS))
      .addOption(
        flag('--drain-timeout <seconds>', 'at most so long for calls in flight when told to stop')
          .default(10)
          .argParser(drainTimeout),
      )
      .addOption(
        flag('--insecure', 'listen to other machines with neither TLS nor tokens, if so told'),
      )
      .addOption(
        flag('--socket-mode <mode>', 'who may connect to unix sockets: an octal file mode')
          .default(0o660, '0660')
          .argParser(fileMode),
      )
      .addOption(flag('--no-reflection', 'do not tell clients the contract (gRPC reflection)'))
      .option('--check-config', 'check the config and stop')
      .option('--print-config', 'print the effective config and stop')
      // Any word that is no command is taken for an argument of the default one.
      .allowExcessArguments()
      .action(runServe)
  );
}

async function runServe(flags: ServeFlags, command: Command): Promise<void> {
  const [word] = command.args;
  if (word !== undefined) command.error(`error: unknown command '${word}'`);
  if (flags.checkConfig || flags.printConfig) {
    const { checkConfig, showConfig } = await import('./show-config.ts');
    if (flags.checkConfig) checkConfig(flags.config);
    if (flags.printConfig) showConfig(flags.config);
    return;
  }
  const { serve } = await import('./serve.ts');
  await serve(flags);
}

function healthcheckCommand(): Command {
  return subCommand('healthcheck', 'ask the sidecar of the same flags and environment how it is')
    .addOption(adminListenFlag())
    .addOption(configFlag())
    .option('--ready', 'whether it is ready for calls, not only alive')
    .option('--timeout <seconds>', 'how long it may take to answer', positiveNumber, 2)
    .action(async (flags: HealthcheckFlags) => {
      const { healthcheck } = await import('./healthcheck.ts');
      await healthcheck(flags);
    });
}

function replayCommand(): Command {
  const command = subCommand(
    'replay',
    'record the tasks of trace files with a running sidecar',
  ).argument('<file...>', 'NDJSON, one Task in proto3 JSON per line; - is standard input');
  return withOptions(command, targetFlags())
    .option('--rate <tasks>', 'at most so many tasks a second', positiveNumber)
    .option('--skip-bad-lines', 'name them and go on, instead of stopping at the first')
    .option('--give-up-after <seconds>', 'without progress, after a break', positiveNumber, 60)
    .action(async (files: string[], flags: Omit<ReplayOptions, 'files'>) => {
      const { replay } = await import('./replay.ts');
      await replay({ ...flags, files });
    });
}

function watchCommand(): Command {
  const command = subCommand(
    'watch',
    'print the deltas that a sidecar applies or tries, as they come',
  );
  return withOptions(command, targetFlags())
    .option('--client-id <id>', 'the name of this reader in the status', 'watch')
    .option('--types <list>', `only these: ${DELTA_TYPES.join(', ')}`, listOf(DELTA_TYPES), [])
    .option('--from-start', 'begin with the oldest delta retained, not with the current values')
    .option(
      '--json',
      'print each message of the stream as one line of proto3 JSON, and a trial that is on or has ' +
        'ended as {"trial": its Delta}',
    )
    .action(async (flags: WatchOptions) => {
      const { watch } = await import('./watch.ts');
      await watch(flags);
    });
}

function reportCommand(): Command {
  const command = subCommand('report', 'print what the changes of a sidecar have gained');
  return withOptions(command, targetFlags())
    .addOption(new Option('--json', 'print GetGainsResponse as proto3 JSON').conflicts('markdown'))
    .option('--markdown', 'print a document in Markdown')
    .action(async (flags: ReportOptions) => {
      const { reportGains } = await import('./gains-report.ts');
      await reportGains(flags);
    });
}

function backtestCommand(): Command {
  return subCommand('backtest', 'show what a config would have done with recorded tasks')
    .argument('<trace...>', 'NDJSON, one Task in proto3 JSON per line, with its finishTime')
    .addOption(configFlag())
    .option('--json', 'print each proposal as one line of proto3 JSON, and then a summary')
    .action(async (traces: string[], flags: Omit<BacktestOptions, 'traces'>) => {
      const { backtest } = await import('./backtest.ts');
      await backtest({ ...flags, traces });
    });
}

function auditCommand(): Command {
  return subCommand('audit', 'recompute the verdicts of trials from the receipts in the ledger')
    .argument('[delta-id...]', 'deltas that were on trial')
    .addOption(dataDirFlag())
    .option('--all', 'every delta that was on trial and is still held')
    .option('--json', 'print each audit as one line of JSON')
    .action(async (deltaIds: string[], flags: AuditFlags, command: Command) => {
      const { audit } = await import('./audit.ts');
      await audit(deltaIds, flags, (why) => command.error(`error: ${why}`));
    });
}

function backupCommand(): Command {
  return subCommand('backup', 'copy the ledger into a file, while a sidecar serves or not')
    .argument('<file>', 'where to')
    .addOption(dataDirFlag())
    .option('--force', 'replace the file if there is one')
    .action(async (file: string, flags: CopyFlags) => {
      const { backup } = await import('./ledger-copy.ts');
      await backup(file, flags);
    });
}

function restoreCommand(): Command {
  return subCommand('restore', 'make a data directory from a backup; no sidecar may use it')
    .argument('<file>', 'a backup')
    .addOption(dataDirFlag())
    .option('--force', 'move the ledger that is there aside')
    .action(async (file: string, flags: CopyFlags) => {
      const { restore } = await import('./ledger-copy.ts');
      await restore(file, flags);
    });
}

function packageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

import { readFileSync } from 'node:fs';
import { Command, Option } from 'commander';
import { LOG_LEVELS } from '../config/keys/log-level.ts';
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
  positiveCount,
  positiveNumber,
  refuseUnclearSwitches,
  targetFlags,
} from './flags.ts';
import type { ReportOptions } from './gains-report.ts';
import type { HealthcheckFlags } from './healthcheck.ts';
import type { ImportFlags } from './import-tensorzero.ts';
import type { CopyFlags } from './ledger-copy.ts';
import type { RehearseOptions } from './rehearse.ts';
import type { ReplayOptions } from './replay.ts';
import { report } from './report.ts';
import type { ServeOptions } from './serve.ts';
import type { WatchFlags } from './watch.ts';

interface ServeFlags extends ServeOptions {
  readonly checkConfig: boolean | undefined;
  readonly printConfig: boolean | undefined;
}

/** Runs a command line, and resolves to the exit code; `serve` continues in the background. */
export async function run(argv: readonly string[]): Promise<number> {
  try {
    await createProgram().parseAsync(argv);
    return 0;
  } catch (error) {
    return report(error);
  }
}

// The code of a command is imported when it runs, so that no command loads the libraries of another.

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
      // Commands other than `serve` end when their terminal closes.
      if (command.name() !== 'serve') process.removeAllListeners('SIGHUP');
    });
  program.addCommand(serveCommand(), { isDefault: true });
  return program
    .addCommand(healthcheckCommand())
    .addCommand(replayCommand())
    .addCommand(watchCommand())
    .addCommand(reportCommand())
    .addCommand(backtestCommand())
    .addCommand(importTensorzeroCommand())
    .addCommand(rehearseCommand())
    .addCommand(auditCommand())
    .addCommand(backupCommand())
    .addCommand(restoreCommand());
}

function subCommand(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .exitOverride()
    .showHelpAfterError(`(${name} --help shows what there is)`)
    .allowExcessArguments(false);
}

/** A command that calls a sidecar. */
function clientCommand(name: string, description: string): Command {
  const command = subCommand(name, description);
  for (const option of targetFlags()) command.addOption(option);
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
        flag(
          '--drain-timeout <seconds>',
          'the longest that calls in flight may take once it is told to stop',
        )
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
      // Commander takes an unknown command for an argument of the default command.
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
    .action(async (flags: HealthcheckFlags) =>
      (await import('./healthcheck.ts')).healthcheck(flags),
    );
}

function replayCommand(): Command {
  return clientCommand('replay', 'record the tasks of trace files with a running sidecar')
    .argument('<file...>', 'NDJSON, one Task in proto3 JSON per line; - is standard input')
    .option('--rate <tasks>', 'tasks sent per second, at most', positiveNumber)
    .option('--skip-bad-lines', 'name them and go on, instead of stopping at the first')
    .option('--give-up-after <seconds>', 'without progress, after a break', positiveNumber, 60)
    .action(async (files: string[], flags: Omit<ReplayOptions, 'files'>) =>
      (await import('./replay.ts')).replay({ ...flags, files }),
    );
}

function watchCommand(): Command {
  return clientCommand('watch', 'print the deltas that a sidecar applies or tries, as they come')
    .option('--client-id <id>', 'the name of this reader in the status', 'watch')
    .option('--types <list>', `only these: ${DELTA_TYPES.join(', ')}`, listOf(DELTA_TYPES), [])
    .option('--from-start', 'begin with the oldest delta retained, not with the current values')
    .option(
      '--json',
      'print each message of the stream as one line of proto3 JSON, and a trial that is on or has ' +
        'ended as {"trial": its Delta}',
    )
    .action(async (flags: WatchFlags) => (await import('./watch.ts')).watch(flags));
}

function reportCommand(): Command {
  return clientCommand('report', 'print what the changes of a sidecar have gained')
    .addOption(new Option('--json', 'print GetGainsResponse as proto3 JSON').conflicts('markdown'))
    .option('--markdown', 'print a document in Markdown')
    .action(async (flags: ReportOptions) => (await import('./gains-report.ts')).reportGains(flags));
}

function backtestCommand(): Command {
  return subCommand('backtest', 'show what a config would have done with recorded tasks')
    .argument('<trace...>', 'NDJSON, one Task in proto3 JSON per line, with its finishTime')
    .addOption(configFlag())
    .option('--json', 'print each proposal as one line of proto3 JSON, and then a summary')
    .action(async (traces: string[], flags: Omit<BacktestOptions, 'traces'>) =>
      (await import('./backtest.ts')).backtest({ ...flags, traces }),
    );
}

function importTensorzeroCommand(): Command {
  return subCommand('import-tensorzero', "make a config of the experiments in TensorZero's")
    .argument('<file>', 'its config: tensorzero.toml')
    .option('--out <file>', 'where to write it, in place of standard output')
    .option('--force', 'replace the file if there is one')
    .action(async (file: string, flags: ImportFlags) =>
      (await import('./import-tensorzero.ts')).importTensorzero(file, flags),
    );
}

function rehearseCommand(): Command {
  return subCommand('rehearse', 'play a config against a described orchestrator, in virtual time')
    .addOption(configFlag())
    .requiredOption('--orchestrator <file>', 'what it is like, and what its parameters do (YAML)')
    .option('--seeds <n>', 'runs, each with chance of its own', positiveCount, 10)
    .option('--tasks <n>', 'tasks of a run', positiveCount, 6000)
    .option('--json <file>', 'write the figures as JSON, too')
    .action(async (flags: RehearseOptions) =>
      (await import('./rehearse.ts')).rehearseConfig(flags),
    );
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
    .action(async (file: string, flags: CopyFlags) =>
      (await import('./ledger-copy.ts')).backup(file, flags),
    );
}

function restoreCommand(): Command {
  return subCommand('restore', 'make a data directory from a backup; no sidecar may use it')
    .argument('<file>', 'a backup')
    .addOption(dataDirFlag())
    .option('--force', 'move the ledger that is there aside')
    .action(async (file: string, flags: CopyFlags) =>
      (await import('./ledger-copy.ts')).restore(file, flags),
    );
}

function packageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

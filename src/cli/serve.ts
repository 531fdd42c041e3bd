import type { Logger } from 'pino';
import type { Config } from '../config/config.ts';
import { formatFault } from '../config/fault.ts';
import { parseConfigFile, readConfigFile } from '../config/load.ts';
import { messageOf } from '../domain/errors.ts';
import type { LedgerStore } from '../ledger/store.ts';
import { BackupSchedule } from '../runtime/backup-schedule.ts';
import { parseInThread } from '../runtime/config-in-thread.ts';
import { ConfigReload } from '../runtime/config-reload.ts';
import { WATCH_INTERVAL_MS, watchFiles } from '../runtime/file-watch.ts';
import { createListenPlan, type ListenOptions } from '../runtime/listen-plan.ts';
import { createLog, type Log } from '../runtime/log.ts';
import { type Runtime, startRuntime } from '../runtime/runtime.ts';
import { systemClock } from '../runtime/system-clock.ts';
import { backUpInThread } from '../store/backup-in-thread.ts';
import { createMemoryStore } from '../store/memory.ts';
import { ThreadedStore } from '../store/thread/threaded-store.ts';
import { IN_MEMORY } from './flags.ts';
import { recoverDirectory } from './recover-ledger.ts';
import { servingLines } from './serving-lines.ts';

/** The flags of `serve`, or their environment variables. */
export interface ServeOptions extends ListenOptions {
  readonly dataDir: string;
  /** Seconds. */
  readonly drainTimeout: number;
  readonly config: string | undefined;
  /** Overrides the level in the config. */
  readonly logLevel: string | undefined;
  /** Whether gRPC reflection is served. */
  readonly reflection: boolean;
  /** Repairs the ledger if it is damaged. */
  readonly recover: boolean | undefined;
}

/** Serves until SIGTERM or SIGINT. Throws `ConfigError`, `AccessError` and `LedgerOpenError`. */
export async function serve(options: ServeOptions): Promise<void> {
  const text = readConfigFile(options.config);
  const { config, warnings } = parseConfigFile(text, options.config);
  const log = await createLog({
    level: options.logLevel ?? config.monitoring.logLevel,
    file: config.monitoring.logFile,
  });
  const { logger } = log;
  for (const warning of warnings) logger.warn(formatFault(warning));
  // The addresses are checked before the ledger is opened: a refused address must not create a ledger.
  const listenPlan = createListenPlan(options, config, logger);
  const store = await openStore(options, logger);
  const backups = backupsOf(options, logger);
  const newestBackupMs = () => backups?.newestMs;
  const runtime = await startRuntime({
    ...{ ...options, listenPlan, config, store, newestBackupMs, log: logger },
  });
  backups?.configure(config.ledger.backup);
  // Signals are handled before the start-up line is written, since its reader may send one.
  const unfollow = followConfig({ config, text }, { runtime, backups, options, log });
  const stop = () => {
    unfollow();
    backups?.stop();
  };
  handleSignals(runtime, stop, logger);
  log.started(
    servingLines(runtime, config, options),
    `serving on ${runtime.addresses.join(', ')}`,
    {
      listen: runtime.addresses,
      admin: runtime.adminUrl,
      data_dir: options.dataDir,
      config: options.config ?? 'built-in defaults',
      config_version: config.version,
      pid: process.pid,
    },
  );
}

async function openStore({ dataDir, recover }: ServeOptions, log: Logger): Promise<LedgerStore> {
  if (dataDir === IN_MEMORY) return createMemoryStore();
  if (recover) recoverDirectory(dataDir, log);
  return await ThreadedStore.open(dataDir);
}

function backupsOf({ dataDir }: ServeOptions, log: Logger): BackupSchedule | undefined {
  if (dataDir === IN_MEMORY) return undefined;
  const backUp = (file: string) => backUpInThread({ directory: dataDir, file });
  return new BackupSchedule({ dataDir, backUp, clock: systemClock, log });
}

/** @param stopFirst ends what could still begin new work */
function handleSignals(runtime: Runtime, stopFirst: () => void, log: Logger): void {
  let stopping = false;
  const stop = async (signal: string) => {
    // A second Ctrl-C does not wait for calls in flight.
    if (stopping && signal === 'SIGINT') process.exit(130);
    if (stopping) return;
    stopping = true;
    stopFirst();
    log.info({ signal }, 'draining');
    try {
      await runtime.stop();
      log.info('stopped');
      process.exit(0);
    } catch (error) {
      log.error({ err: error }, `could not stop cleanly: ${messageOf(error)}`);
      process.exit(1);
    }
  };
  for (const signal of ['SIGTERM', 'SIGINT']) {
    // Replaces the handlers that main.ts may have set for the start, which exit at once.
    process.removeAllListeners(signal).on(signal, () => void stop(signal));
  }
}

interface Followers {
  readonly runtime: Runtime;
  readonly backups: BackupSchedule | undefined;
  readonly options: ServeOptions;
  readonly log: Log;
}

/** Reads the config again when its file changes, and on SIGHUP, which also reopens the log file. */
function followConfig(
  { config, text }: { readonly config: Config; readonly text: string },
  { runtime, backups, options, log }: Followers,
): () => void {
  const { config: file } = options;
  let { logFile } = config.monitoring;
  const reload = new ConfigReload(text, {
    read: () => readConfigFile(file, { isAgain: true }),
    parse: (newText) => parseInThread({ text: newText, file }),
    configure: (newer) => runtime.configure(newer),
    takenUp({ monitoring, ledger }) {
      backups?.configure(ledger.backup);
      log.logger.level = options.logLevel ?? monitoring.logLevel;
      if (monitoring.logFile !== logFile) log.useFile(monitoring.logFile);
      logFile = monitoring.logFile;
    },
    tellRefused: (reason) => runtime.refuseConfig(reason),
    schedule: systemClock.schedule,
    log: log.logger,
  });
  process.on('SIGHUP', () => {
    log.useFile(logFile);
    void reload.request('signal');
  });
  if (file === undefined) return () => reload.stop();
  const onChange = () => void reload.request('file');
  const stopWatching = watchFiles([file], { intervalMs: WATCH_INTERVAL_MS, onChange });
  // The file may have changed since it was read.
  onChange();
  return () => {
    stopWatching();
    reload.stop();
  };
}

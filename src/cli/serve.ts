import type { Logger } from 'pino';
import type { Config } from '../config/config.ts';
import { ConfigError, formatFault } from '../config/fault.ts';
import { type LoadedConfig, loadConfig } from '../config/load.ts';
import { messageOf } from '../domain/errors.ts';
import type { LedgerStore } from '../ledger/store.ts';
import { createLogger } from '../log.ts';
import { type Runtime, startRuntime } from '../runtime.ts';
import { createMemoryStore } from '../store/memory.ts';
import { openSqliteStore } from '../store/sqlite.ts';

/** What `serve` is told by flags and environment. */
export interface ServeOptions {
  readonly listen: readonly string[];
  readonly adminListen: string;
  readonly dataDir: string;
  readonly config: string | undefined;
  /** Overrides the config's. */
  readonly logLevel: string | undefined;
}

/** Names a ledger that is gone with the process. */
const IN_MEMORY = ':memory:';

/** Serves until a signal says otherwise. Throws `ConfigError` and `LedgerOpenError`. */
export async function serve(options: ServeOptions): Promise<void> {
  // Until there is something to read anew: the default would end the process.
  process.on('SIGHUP', () => {});
  const { config, warnings } = loadConfig(options.config);
  const log = await createLogger({
    level: options.logLevel ?? config.monitoring.logLevel,
    file: config.monitoring.logFile,
  });
  for (const warning of warnings) log.warn(formatFault(warning));
  const runtime = await startRuntime({ ...options, config, store: openStore(options), log });
  // Before the word that it serves, which may be answered by a signal.
  handleSignals(runtime, options, log);
  log.info(
    {
      listen: runtime.addresses,
      admin: `http://${runtime.adminAddress}`,
      data_dir: options.dataDir,
      config: options.config ?? 'built-in defaults',
      config_version: config.version,
      pid: process.pid,
    },
    `serving on ${runtime.addresses.join(', ')}`,
  );
}

function openStore({ dataDir }: ServeOptions): LedgerStore {
  return dataDir === IN_MEMORY ? createMemoryStore() : openSqliteStore(dataDir);
}

function handleSignals(runtime: Runtime, options: ServeOptions, log: Logger): void {
  let stopping = false;
  const stop = async (signal: string) => {
    // A person who asks twice does not want to wait for calls in flight.
    if (stopping && signal === 'SIGINT') process.exit(130);
    if (stopping) return;
    stopping = true;
    log.info({ signal }, 'draining');
    try {
      await runtime.stop();
      log.info('stopped');
      process.exit(0);
    } catch (error) {
      log.error({ err: error }, 'could not stop cleanly');
      process.exit(1);
    }
  };
  for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => void stop(signal));
  process.on('SIGHUP', () => void reload(runtime, options, log));
}

/** Reads the config again: valid, it is taken up; invalid, the old one stays. */
async function reload(runtime: Runtime, options: ServeOptions, log: Logger): Promise<void> {
  try {
    const { config, warnings } = readAgain(options.config);
    for (const warning of warnings) log.warn(formatFault(warning));
    await runtime.configure(config);
    applyLevel(log, config, options);
    log.info({ config_version: config.version }, 'the config was read again');
  } catch (error) {
    const reason = messageOf(error);
    runtime.refuseConfig(reason);
    log.error({ reason }, 'the new config was refused; the old one stays');
  }
}

function readAgain(file: string | undefined): LoadedConfig {
  try {
    return loadConfig(file);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new Error(error.faults.map(formatFault).join('\n'), { cause: error });
  }
}

function applyLevel(log: Logger, config: Config, options: ServeOptions): void {
  log.level = options.logLevel ?? config.monitoring.logLevel;
}

import { join } from 'node:path';
import { ConfigError, formatFault } from '../config/fault.js';
import { loadConfig } from '../config/load.js';
import { createLogger } from '../log.js';
import { startRuntime } from '../runtime.js';
import { createMemoryStore } from '../store/memory.js';
import { openSqliteStore } from '../store/sqlite.js';
/** Names a ledger that is gone with the process. */
const IN_MEMORY = ':memory:';
/** Serves until a signal says otherwise. Throws `ConfigError` and `LedgerOpenError`. */
export async function serve(options) {
    const { config, warnings } = loadConfig(options.config);
    const log = await createLogger({
        level: options.logLevel ?? config.monitoring.logLevel,
        file: config.monitoring.logFile,
    });
    for (const warning of warnings)
        log.warn(formatFault(warning));
    const runtime = await startRuntime({ ...options, config, store: openStore(options), log });
    log.info({
        listen: runtime.addresses,
        admin: `http://${runtime.adminAddress}`,
        data_dir: options.dataDir,
        config: options.config ?? 'built-in defaults',
        config_version: config.version,
        pid: process.pid,
    }, `serving on ${runtime.addresses.join(', ')}`);
    handleSignals(runtime, options, log);
}
function openStore({ dataDir }) {
    return dataDir === IN_MEMORY ? createMemoryStore() : openSqliteStore(join(dataDir));
}
function handleSignals(runtime, options, log) {
    let stopping = false;
    const stop = async (signal) => {
        if (stopping)
            return;
        stopping = true;
        log.info({ signal }, 'draining');
        try {
            await runtime.stop();
            log.info('stopped');
            process.exit(0);
        }
        catch (error) {
            log.error({ err: error }, 'could not stop cleanly');
            process.exit(1);
        }
    };
    for (const signal of ['SIGTERM', 'SIGINT'])
        process.on(signal, () => void stop(signal));
    process.on('SIGHUP', () => void reload(runtime, options, log));
}
/** Reads the config again: valid, it is taken up; invalid, the old one stays. */
async function reload(runtime, options, log) {
    try {
        const { config, warnings } = readAgain(options.config);
        for (const warning of warnings)
            log.warn(formatFault(warning));
        await runtime.configure(config);
        applyLevel(log, config, options);
        log.info({ config_version: config.version }, 'the config was read again');
    }
    catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        runtime.refuseConfig(reason);
        log.error({ reason }, 'the new config was refused; the old one stays');
    }
}
function readAgain(file) {
    try {
        return loadConfig(file);
    }
    catch (error) {
        if (!(error instanceof ConfigError))
            throw error;
        throw new Error(error.faults.map(formatFault).join('\n'), { cause: error });
    }
}
function applyLevel(log, config, options) {
    log.level = options.logLevel ?? config.monitoring.logLevel;
}
//# sourceMappingURL=serve.js.map
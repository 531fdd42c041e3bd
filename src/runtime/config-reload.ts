import type { Logger } from 'pino';
import type { Config } from '../config/config.ts';
import { ConfigError, formatFault } from '../config/fault.ts';
import type { LoadedConfig } from '../config/load.ts';
import { messageOf } from '../domain/errors.ts';

/** What a reload works with. */
export interface ReloadPorts {
  /** The present text of the file. Throws if it cannot be read. */
  read(): string;
  /** Rejects with a `ConfigError`. */
  parse(text: string): Promise<LoadedConfig>;
  /** Applies a config between two cycles. Rejects if it cannot be applied; the old one then stays. */
  configure(config: Config): Promise<void>;
  /** Called once a config is applied. */
  takenUp(config: Config): void;
  /** Called with the reason why the newest config was refused; with an empty one if it was not. */
  tellRefused(reason: string): void;
  /** Calls `callback` once, after `delayMs`; the returned function cancels that. */
  schedule(callback: () => void, delayMs: number): () => void;
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>;
}

/** Why the config is read: by an operator's signal, a change of the file, or to retry. */
type Trigger = 'signal' | 'file' | 'retry';

/**
 * Delay until a valid config that could not be applied is tried again: the disk may be full, or a certificate
 * not there yet.
 */
const RETRY_MS = 5000;

/**
 * Applies the config whenever it has changed, one reload after the other; the newest config wins. An unchanged
 * config is not logged.
 */
export class ConfigReload {
  readonly #ports: ReloadPorts;
  /** Text of the current config. */
  #text: string;
  /** The newest config if it was refused; `text` is `undefined` if it could not be read. */
  #refused: { readonly text: string | undefined; readonly reason: string } | undefined;
  #wanted: Trigger | undefined;
  #isRunning = false;
  #stopped = false;
  #cancelRetry = () => {};

  /** @param text of the current config */
  constructor(text: string, ports: ReloadPorts) {
    this.#text = text;
    this.#ports = ports;
  }

  /** Reads the config again; if a reload is under way, once more after it. Never rejects. */
  async request(trigger: Trigger): Promise<void> {
    // A later trigger does not replace a signal, which always logs its result.
    if (this.#wanted !== 'signal') this.#wanted = trigger;
    if (this.#isRunning) return;
    this.#isRunning = true;
    while (this.#wanted !== undefined && !this.#stopped) {
      const wanted = this.#wanted;
      this.#wanted = undefined;
      this.#cancelRetry();
      await this.#reload(wanted);
    }
    this.#isRunning = false;
  }

  stop(): void {
    this.#stopped = true;
    this.#cancelRetry();
  }

  async #reload(trigger: Trigger): Promise<void> {
    const { read, log } = this.#ports;
    let text: string | undefined;
    let loaded: LoadedConfig;
    try {
      text = read();
      if (text === this.#text) return this.#keep();
      if (trigger === 'file' && text === this.#refused?.text) return;
      loaded = await this.#ports.parse(text);
    } catch (error) {
      return this.#refuse(text, reasonOf(error), trigger);
    }
    if (this.#stopped) return;
    try {
      await this.#ports.configure(loaded.config);
    } catch (error) {
      this.#refuse(text, reasonOf(error), trigger);
      if (this.#stopped) return;
      this.#cancelRetry = this.#ports.schedule(() => void this.request('retry'), RETRY_MS);
      return;
    }
    this.#text = text;
    this.#refused = undefined;
    this.#ports.tellRefused('');
    for (const warning of loaded.warnings) log.warn(formatFault(warning));
    this.#ports.takenUp(loaded.config);
    log.info({ config_version: loaded.config.version }, 'the config was read again');
  }

  /** Notes that the file holds the current config. */
  #keep(): void {
    if (this.#refused === undefined) return;
    this.#refused = undefined;
    this.#ports.tellRefused('');
    this.#ports.log.info('the config file says again what is in force');
  }

  #refuse(text: string | undefined, reason: string, trigger: Trigger): void {
    const isKnown = reason === this.#refused?.reason && trigger !== 'signal';
    this.#refused = { text, reason };
    this.#ports.tellRefused(reason);
    if (isKnown) return;
    this.#ports.log.error({ reason }, 'the new config was refused; the old one stays');
  }
}

function reasonOf(error: unknown): string {
  return error instanceof ConfigError ? error.faults.map(formatFault).join('\n') : messageOf(error);
}

import type { Logger } from 'pino';
import type { Config } from '../config/config.ts';
import { ConfigError, formatFault } from '../config/fault.ts';
import type { LoadedConfig } from '../config/load.ts';
import { messageOf } from '../domain/errors.ts';

/** What a reload works with. */
export interface ReloadPorts {
  /** The text that the file holds now. Throws where it cannot be read. */
  read(): string;
  /** Rejects with a `ConfigError`. */
  parse(text: string): Promise<LoadedConfig>;
  /** Takes a config up between two cycles. Rejects where it cannot be, and then the old one stays. */
  configure(config: Config): Promise<void>;
  /** A config is in force. */
  takenUp(config: Config): void;
  /** Why the newest config was refused; empty: it was not. */
  tellRefused(reason: string): void;
  /** Calls once, later; the answer cancels it. */
  schedule(callback: () => void, delayMs: number): () => void;
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>;
}

/** Who wants the config to be read: an operator, the file by having changed, or a former refusal. */
type Trigger = 'signal' | 'file' | 'retry';

/**
 * A sound config that could not be taken up is tried again after so long: the disk may be full, or a
 * certificate on its way.
 */
const RETRY_MS = 5000;

/**
 * Takes up the config whenever it has changed, one after the other; the newest wins. What is the same
 * as before makes no noise.
 */
export class ConfigReload {
  readonly #ports: ReloadPorts;
  /** What is in force. */
  #text: string;
  /** What was refused; without a text it could not be read. */
  #refused: { readonly text: string | undefined; readonly reason: string } | undefined;
  #wanted: Trigger | undefined;
  #isRunning = false;
  #stopped = false;
  #cancelRetry = () => {};

  /** @param text what is in force */
  constructor(text: string, ports: ReloadPorts) {
    this.#text = text;
    this.#ports = ports;
  }

  /** Reads the config again, or once more where it is being read. Never rejects. */
  async request(trigger: Trigger): Promise<void> {
    // An operator is told in any case.
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

  /** The file says what is in force. */
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

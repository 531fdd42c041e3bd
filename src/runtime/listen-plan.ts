import type { Logger } from 'pino';
import { Access, type AccessSettings } from '../access/access.ts';
import { type Protection, planListener } from '../access/exposure.ts';
import { type ListenAddress, parseListenAddress } from '../net/address.ts';
import { WATCH_INTERVAL_MS, watchFiles } from './file-watch.ts';
import { systemClock } from './system-clock.ts';

/** The flags that say where the service listens and who may connect. */
export interface ListenOptions {
  readonly listen: readonly string[];
  readonly adminListen: string;
  /** Listeners may be open to other machines without TLS or tokens. */
  readonly insecure?: boolean | undefined;
  /** Mode of unix sockets; without it, 0660. */
  readonly socketMode?: number | undefined;
}

/** An address, and whether it has TLS. */
export interface Entry {
  readonly target: ListenAddress;
  readonly isSecure: boolean;
}

/** Who may connect, and where. Nothing listens yet. */
export interface ListenPlan {
  readonly access: Access;
  readonly listen: readonly Entry[];
  readonly adminListen: Entry;
  readonly socketMode: number | undefined;
}

/** Reads certificates and tokens, and plans the listeners. Throws an `AccessError` if strangers could connect. */
export function createListenPlan(
  options: ListenOptions,
  settings: AccessSettings,
  log: Logger,
): ListenPlan {
  const access = new Access(settings, {
    clock: systemClock,
    watch: (paths, onChange) => watchFiles(paths, { intervalMs: WATCH_INTERVAL_MS, onChange }),
    log,
  });
  const protection: Protection = {
    hasTls: access.tls !== undefined,
    hasTokens: access.hasTokens,
    insecure: options.insecure === true,
  };
  const plan = (flag: string, text: string): Entry => {
    const target = parseListenAddress(text);
    const host = target.kind === 'tcp' ? target.host : undefined;
    const { isSecure, warning } = planListener({ flag, text, host, ...target }, protection);
    if (warning !== undefined) log.warn(warning);
    return { target, isSecure };
  };
  try {
    return {
      access,
      listen: options.listen.map((text) => plan('--listen', text)),
      adminListen: plan('--admin-listen', options.adminListen),
      socketMode: options.socketMode,
    };
  } catch (error) {
    access.stop();
    throw error;
  }
}

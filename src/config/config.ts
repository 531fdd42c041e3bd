import type { Rule } from '../domain/rule.ts';
import type { LoopSettings } from '../domain/settings.ts';
import type { LogLevel } from './log-level.ts';

/** A rule with the CEL expressions that it was compiled from. */
export interface ConfiguredRule extends Rule {
  readonly source: {
    readonly when: string;
    readonly newValue: string | undefined;
    readonly oldValue: string | undefined;
    readonly reasoning: string;
  };
}

/** Where the certificates are. */
export interface TlsSettings {
  readonly certificateFile: string;
  readonly keyFile: string;
  /** `undefined`: clients need no certificate. */
  readonly clientCaFile: string | undefined;
  /** Empty: any. */
  readonly allowedNames: readonly string[];
}

/** Where the tokens are: at least one of them. */
export interface TokenSettings {
  readonly clientFile: string | undefined;
  readonly adminFile: string | undefined;
}

/** How much is taken at once. */
export interface LimitSettings {
  readonly maxPendingCalls: number;
  readonly maxStreams: number;
  readonly maxStreamsPerClient: number;
  readonly maxConnections: number;
}

/** When the ledger is backed up, and how many backups are kept. */
export interface BackupSettings {
  readonly everyHours: number;
  readonly keep: number;
  /** `undefined`: `backups` in the data directory. */
  readonly directory: string | undefined;
}

/** A whole config, checked; frozen in depth. */
export interface Config extends LoopSettings {
  readonly rules: readonly ConfiguredRule[];
  /** `undefined`: no listener has TLS. */
  readonly tls: TlsSettings | undefined;
  /** `undefined`: callers need none. */
  readonly tokens: TokenSettings | undefined;
  readonly limits: LimitSettings;
  readonly ledger: LoopSettings['ledger'] & {
    /** `undefined`: it is not backed up. */
    readonly backup: BackupSettings | undefined;
  };
  readonly monitoring: {
    /** `undefined`: standard output. */
    readonly logFile: string | undefined;
    readonly logLevel: LogLevel;
  };
}

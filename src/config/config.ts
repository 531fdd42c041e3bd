import type { OtlpSettings } from '../domain/otlp.ts';
import type { LoopSettings } from '../domain/settings.ts';
import type { Sections } from './keys/sections.ts';
import type { CompleteConfig } from './merge.ts';

type CamelCase<K> = K extends `${infer Word}_${infer Rest}`
  ? `${Word}${Capitalize<CamelCase<Rest>>}`
  : K;

/** The type of a config file's content with its `snake_case` keys in `camelCase`. */
export type CamelKeys<T> = T extends readonly unknown[]
  ? T
  : T extends object
    ? { readonly [K in keyof T as CamelCase<K>]-?: CamelKeys<T[K]> }
    : T;

type Settings = CamelKeys<Sections>;

/** When the ledger is backed up, and how many backups are kept. */
export type BackupSettings = NonNullable<Settings['ledger']['backup']>;

/** A whole config, checked; frozen in depth. */
export interface Config
  extends LoopSettings,
    Pick<Settings, 'admin' | 'limits' | 'monitoring' | 'openfeature'> {
  /** `undefined` if no listener has TLS. */
  readonly tls:
    | (Settings['tls'] & { readonly certificateFile: string; readonly keyFile: string })
    | undefined;
  /** `undefined` if callers need no token. */
  readonly tokens: Settings['tokens'] | undefined;
  readonly ledger: Settings['ledger'];
  readonly otlp: OtlpSettings;
  /** The config as a file writes it, every key included. */
  readonly text: CompleteConfig;
}

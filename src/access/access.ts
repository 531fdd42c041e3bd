import type { Clock } from '../domain/clock.ts';
import { AccessError } from './access-error.ts';
import { type Log, sampled } from './log-sampler.ts';
import { readTlsFiles, type TlsMaterial, type TlsPaths } from './tls-files.ts';
import { TlsGuard } from './tls-guard.ts';
import { checkToken, type Need, readTokens, type TokenPaths, type Tokens } from './tokens.ts';
import { type Prepared, Watched, type WatchFiles } from './watched.ts';

/** What a config says of access. */
export interface AccessSettings {
  readonly tls: TlsPaths | undefined;
  readonly tokens: TokenPaths | undefined;
}

export interface AccessOptions {
  readonly clock: Clock;
  readonly watch: WatchFiles;
  readonly log: { readonly info: Log; readonly warn: Log; readonly error: Log };
}

/** Who is told of what goes on. */
export interface AccessFollower {
  /** Other tokens hold. */
  onTokens(): void;
  /** A connection was refused; `kind` is one of a few words. */
  onRefusedConnection(kind: string): void;
}

/** Who may connect and call: certificates and tokens, as they are on disk. */
export class Access {
  /** `undefined`: no listener can have TLS. */
  readonly tls: TlsGuard | undefined;
  readonly #options: AccessOptions;
  readonly #certificates: Watched<TlsPaths, TlsMaterial> | undefined;
  readonly #tokenFiles: Watched<TokenPaths, Tokens> | undefined;
  readonly #warnSampled: Log;
  #follower: AccessFollower | undefined;

  /** Throws an `AccessError` where a file cannot be taken. */
  constructor({ tls, tokens }: AccessSettings, options: AccessOptions) {
    this.#options = options;
    this.#warnSampled = sampled(options.log.warn, options.clock);
    if (tls !== undefined) {
      this.#certificates = this.#watchedCertificates(tls);
      this.tls = new TlsGuard(
        this.#certificates.value,
        () => options.clock.now(),
        (refusal, peer) => this.refuseConnection(peer, refusal),
      );
    }
    if (tokens !== undefined) this.#tokenFiles = this.#watchedTokens(tokens);
  }

  get hasTokens(): boolean {
    return this.#tokenFiles !== undefined;
  }

  /** Why the newest files were refused; empty where they were not. */
  get problem(): string {
    const problems = [this.#certificates?.problem, this.#tokenFiles?.problem];
    return problems.filter(Boolean).join('; ');
  }

  /**
   * Throws NO_TOKEN or NOT_ALLOWED where tokens are asked for and the header shows none that is
   * enough.
   */
  check(header: string | undefined, need: Need): void {
    if (this.#tokenFiles !== undefined) checkToken(this.#tokenFiles.value, header, need);
  }

  /**
   * Reads what a new config names. Throws an `AccessError` where it cannot be taken, and changes
   * nothing then.
   */
  prepare({ tls, tokens }: AccessSettings): Prepared {
    this.#refuseOtherKind('tls', tls !== undefined, this.tls !== undefined);
    this.#refuseOtherKind('tokens', tokens !== undefined, this.hasTokens);
    const hasCa = this.tls?.material.ca !== undefined;
    this.#refuseOtherKind('tls.client_ca_file', tls?.clientCaFile !== undefined, hasCa);
    const parts: Prepared[] = [];
    const drop = () => parts.forEach((part) => void part.drop());
    try {
      if (tls && this.#certificates) parts.push(this.#certificates.prepare(tls));
      if (tokens && this.#tokenFiles) parts.push(this.#tokenFiles.prepare(tokens));
    } catch (error) {
      drop();
      throw error;
    }
    return { take: () => parts.forEach((part) => void part.take()), drop };
  }

  follow(follower: AccessFollower): void {
    this.#follower = follower;
  }

  /** Logs that a call was refused; of very many, some. */
  logRefusedCall(call: { readonly method: string; readonly peer: string }, reason: string): void {
    this.#warnSampled({ ...call, reason }, `a call was refused: ${reason}`);
  }

  /** Logs that a connection could not be taken; of very many, some. */
  logListenerError(error: Error): void {
    this.#warnSampled({ err: error }, 'a connection could not be taken');
  }

  /** Logs and counts that a connection was refused; of very many, some are logged. */
  refuseConnection(peer: string, { kind, reason }: { kind: string; reason: string }): void {
    this.#follower?.onRefusedConnection(kind);
    this.#warnSampled({ peer, kind, reason }, `a connection was refused: ${reason}`);
  }

  /** Follows the files no more. */
  stop(): void {
    this.#certificates?.stop();
    this.#tokenFiles?.stop();
  }

  /** Listeners are opened for one kind of caller; others would find themselves shut out, or in. */
  #refuseOtherKind(key: string, isSet: boolean, wasSet: boolean): void {
    if (isSet === wasSet) return;
    const change = isSet ? 'was added' : 'was taken away';
    throw new AccessError(`${key} ${change}: that takes a restart`);
  }

  #watchedCertificates(settings: TlsPaths): Watched<TlsPaths, TlsMaterial> {
    return new Watched(settings, {
      ...this.#watchedOptions('certificates'),
      pathsOf: ({ certificateFile, keyFile, clientCaFile }) =>
        [certificateFile, keyFile, clientCaFile].filter((path) => path !== undefined),
      read: (paths) => this.#warned(readTlsFiles(paths, this.#options.clock.now())),
      onTaken: (material) => this.tls?.exchange(material),
    });
  }

  #watchedTokens(settings: TokenPaths): Watched<TokenPaths, Tokens> {
    return new Watched(settings, {
      ...this.#watchedOptions('tokens'),
      pathsOf: ({ clientFile, adminFile }) =>
        [clientFile, adminFile].filter((path) => path !== undefined),
      read: (paths) => this.#warned(readTokens(paths)),
      onTaken: () => this.#follower?.onTokens(),
    });
  }

  #watchedOptions(what: string) {
    const { watch, log } = this.#options;
    return { what, watch, logInfo: log.info, logError: log.error };
  }

  /** Logs what is odd about what was read; answers it. */
  #warned<T extends { readonly warnings: readonly string[] }>(read: T): T {
    for (const warning of read.warnings) this.#options.log.warn({}, warning);
    return read;
  }
}

import type { Clock } from '../domain/clock.ts';
import { AccessError } from './access-error.ts';
import { type AccessLog, sampled, type WriteLog } from './log-sampler.ts';
import { readTlsFiles, type TlsMaterial, type TlsPaths } from './tls-files.ts';
import { TlsGuard } from './tls-guard.ts';
import {
  checkToken,
  digestIn,
  type RequiredRole,
  type Role,
  readTokens,
  roleOf,
  type TokenPaths,
  type Tokens,
} from './tokens.ts';
import { Watched, type WatchFiles } from './watched.ts';

/** The part of a config that concerns access. */
export interface AccessSettings {
  readonly tls: TlsPaths | undefined;
  readonly tokens: TokenPaths | undefined;
}

export interface AccessOptions {
  readonly clock: Clock;
  readonly watch: WatchFiles;
  readonly log: AccessLog;
}

/** Receives the events of `Access`. */
export interface AccessFollower {
  /** The valid tokens have changed. */
  onTokens(): void;
  /** A connection was refused; `kind` is of a small fixed set, so that it can label a metric. */
  onRefusedConnection(kind: string): void;
}

/** Decides who may connect and call, by the certificates and tokens on disk. */
export class Access {
  /** `undefined` if no listener can have TLS. */
  readonly tls: TlsGuard | undefined;
  readonly #options: AccessOptions;
  readonly #certificates: Watched<TlsPaths, TlsMaterial> | undefined;
  readonly #tokenFiles: Watched<TokenPaths, Tokens> | undefined;
  readonly #warnSampled: WriteLog;
  #follower: AccessFollower | undefined;

  /** Throws an `AccessError` if a file cannot be used. */
  constructor({ tls, tokens }: AccessSettings, options: AccessOptions) {
    this.#options = options;
    const warn: WriteLog = (fields, message) => options.log.warn(fields, message);
    this.#warnSampled = sampled(warn, options.clock);
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

  /** Why the newest files were refused; empty if they were not. */
  get problem(): string {
    const problems = [this.#certificates?.problem, this.#tokenFiles?.problem];
    return problems.filter(Boolean).join('; ');
  }

  /** Throws NO_TOKEN or NOT_ALLOWED if tokens are required and the header shows none that suffices. */
  check(header: string | undefined, need: RequiredRole): void {
    if (this.#tokenFiles !== undefined) checkToken(this.#tokenFiles.value, header, need);
  }

  /** The digest of the token in a header `Authorization`; `undefined` if no such token is known. */
  digestOf(header: string): Buffer | undefined {
    const digest = digestIn(header);
    return digest !== undefined && this.roleOf(digest) !== undefined ? digest : undefined;
  }

  /** The role of the token with a digest; `undefined` if no such token is known, or none is required. */
  roleOf(digest: Buffer): Role | undefined {
    return this.#tokenFiles && roleOf(this.#tokenFiles.value, digest);
  }

  /** Checks a new config's files; returns a function that makes them live. Throws an `AccessError` for bad files. */
  prepare({ tls, tokens }: AccessSettings): () => void {
    this.#refuseOtherKind('tls', tls !== undefined, this.tls !== undefined);
    this.#refuseOtherKind('tokens', tokens !== undefined, this.hasTokens);
    const hasCa = this.tls?.material.ca !== undefined;
    this.#refuseOtherKind('tls.client_ca_file', tls?.clientCaFile !== undefined, hasCa);
    const takeCertificates = tls && this.#certificates?.prepare(tls);
    const takeTokens = tokens && this.#tokenFiles?.prepare(tokens);
    return () => {
      takeCertificates?.();
      takeTokens?.();
    };
  }

  follow(follower: AccessFollower): void {
    this.#follower = follower;
  }

  /** Logs a refused call; if many come in a second, only the first few. */
  logRefusedCall(call: { readonly method: string; readonly peer: string }, reason: string): void {
    this.#warnSampled({ ...call, reason }, `a call was refused: ${reason}`);
  }

  /** Logs a connection that could not be accepted; if many come in a second, only the first few. */
  logListenerError(error: Error): void {
    this.#warnSampled({ err: error }, 'a connection could not be taken');
  }

  /** Counts a refused connection, and logs it; if many come in a second, only the first few are logged. */
  refuseConnection(peer: string, { kind, reason }: { kind: string; reason: string }): void {
    this.#follower?.onRefusedConnection(kind);
    this.#warnSampled({ peer, kind, reason }, `a connection was refused: ${reason}`);
  }

  /** Stops watching the files. */
  stop(): void {
    this.#certificates?.stop();
    this.#tokenFiles?.stop();
  }

  /** Refuses to add or remove a kind of protection: open listeners keep the kinds that they were opened with. */
  #refuseOtherKind(key: string, isSet: boolean, wasSet: boolean): void {
    if (isSet === wasSet) return;
    const change = isSet ? 'was added' : 'was taken away';
    throw new AccessError(`${key} ${change}: that takes a restart`);
  }

  #watchedCertificates(settings: TlsPaths): Watched<TlsPaths, TlsMaterial> {
    return new Watched(settings, {
      ...this.#watchedOptions('certificates'),
      read: (paths) => readTlsFiles(paths, this.#options.clock.now()),
      onTaken: (material) => {
        this.#warn(material);
        this.tls?.exchange(material);
      },
    });
  }

  #watchedTokens(settings: TokenPaths): Watched<TokenPaths, Tokens> {
    return new Watched(settings, {
      ...this.#watchedOptions('tokens'),
      read: readTokens,
      onTaken: (tokens) => {
        this.#warn(tokens);
        this.#follower?.onTokens();
      },
    });
  }

  #watchedOptions(what: string) {
    const { watch, log } = this.#options;
    return { what, watch, log };
  }

  #warn({ warnings }: { readonly warnings: readonly string[] }): void {
    for (const warning of warnings) this.#options.log.warn({}, warning);
  }
}

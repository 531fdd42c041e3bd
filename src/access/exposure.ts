import { BlockList, isIP } from 'node:net';
import { AccessError } from './access-error.ts';

/** An address to listen on, as the command line gives it. */
export interface ListenerSpec {
  /** `--listen` or `--admin-listen`. */
  readonly flag: string;
  /** The value of the flag. */
  readonly text: string;
  /** `undefined` for a unix socket. */
  readonly host: string | undefined;
  /** The prefix of the address, if it has one. */
  readonly security: 'tls' | 'plain' | undefined;
}

/** What keeps strangers out. */
export interface Protection {
  readonly hasTls: boolean;
  readonly hasTokens: boolean;
  /** `--insecure`: anyone who reaches the address may call. */
  readonly insecure: boolean;
}

/** How a listener is opened. */
export interface ListenerPlan {
  readonly isSecure: boolean;
  /** For the log: what the operator leaves unprotected; `undefined` if nothing. */
  readonly warning: string | undefined;
}

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

/**
 * Decides whether a listener has TLS. Throws an `AccessError` if strangers could use the listener, or if it is to
 * have TLS and there is no certificate.
 */
export function planListener(
  spec: ListenerSpec,
  { hasTls, hasTokens, insecure }: Protection,
): ListenerPlan {
  const { flag, text, host, security } = spec;
  if (security === 'tls' && !hasTls) {
    throw new AccessError(`${flag} ${text}: there is no certificate: set tls.certificate_file`);
  }
  const isSecure = security === 'tls' || (security === undefined && host !== undefined && hasTls);
  if (isSecure || host === undefined || isLoopback(host)) return { isSecure, warning: undefined };
  if (hasTokens) {
    const warning = `${flag} ${text}: tokens cross the network in the clear: set up TLS`;
    return { isSecure, warning };
  }
  if (insecure) {
    const warning = `${flag} ${text}: anyone who reaches this address may do everything (--insecure)`;
    return { isSecure, warning };
  }
  throw new AccessError(
    `${flag} ${text}: other machines reach this address, and nothing keeps them out: ` +
      'set tls.certificate_file and tls.key_file, or tokens.client_file and tokens.admin_file, ' +
      'or listen on 127.0.0.1, or say with --insecure that it is meant',
  );
}

/** Whether an address can be reached from this machine only. */
export function isLoopback(host: string): boolean {
  const version = isIP(host);
  if (version === 0) return host.toLowerCase() === 'localhost';
  return LOOPBACK.check(host, version === 4 ? 'ipv4' : 'ipv6');
}

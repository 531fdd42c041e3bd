import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { messageOf } from '../domain/errors.ts';
import { AccessError } from './access-error.ts';
import { readAccessFile } from './read-file.ts';

/** The files of certificates. */
export interface TlsPaths {
  readonly certificateFile: string;
  readonly keyFile: string;
  /** `undefined` if clients need no certificate. */
  readonly clientCaFile: string | undefined;
  /** Names, one of which a client's certificate must have; empty for any. */
  readonly allowedNames: readonly string[];
}

/** When a certificate is valid, in Unix milliseconds. */
export interface Period {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Certificates and a key that fit together. */
export interface TlsMaterial {
  readonly cert: string;
  readonly key: string;
  /** `undefined` if clients need no certificate. */
  readonly ca: string | undefined;
  /** When each certificate of `ca` is valid. */
  readonly caPeriods: readonly Period[];
  /** Names, one of which a client's certificate must have; empty for any. */
  readonly allowedNames: readonly string[];
  /** When the certificate of this service expires, in Unix milliseconds. */
  readonly notAfterMs: number;
  /** About the files; no reason to refuse them. */
  readonly warnings: readonly string[];
}

/** Older versions are broken or deprecated. */
export const MIN_TLS_VERSION = 'TLSv1.2';

const PEM_CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

/** Reads certificates and key, and checks that they fit together. Throws an `AccessError` that names a bad file. */
export function readTlsFiles(paths: TlsPaths, nowMs: number): TlsMaterial {
  const { certificateFile, keyFile, clientCaFile, allowedNames } = paths;
  const { text: cert } = readAccessFile('tls.certificate_file', certificateFile);
  const { text: key, warnings: keyWarnings } = readAccessFile('tls.key_file', keyFile);
  const [leaf] = certificatesIn('tls.certificate_file', certificateFile, cert);
  if (!leaf.checkPrivateKey(privateKeyIn(keyFile, key))) {
    throw new AccessError(
      `tls.key_file: ${keyFile} is not the key of the certificate in ${certificateFile}`,
    );
  }
  const warnings = [
    ...validity('tls.certificate_file', certificateFile, leaf, nowMs),
    ...keyWarnings,
  ];
  let ca: string | undefined;
  let caPeriods: Period[] = [];
  if (clientCaFile !== undefined) {
    ca = readAccessFile('tls.client_ca_file', clientCaFile).text;
    const authorities = certificatesIn('tls.client_ca_file', clientCaFile, ca);
    for (const one of authorities) {
      warnings.push(...validity('tls.client_ca_file', clientCaFile, one, nowMs));
    }
    caPeriods = authorities.map(({ validFromDate, validToDate }) => ({
      fromMs: validFromDate.getTime(),
      toMs: validToDate.getTime(),
    }));
  }
  tryContext(`tls.certificate_file: ${certificateFile}`, { cert, key, ca });
  const notAfterMs = leaf.validToDate.getTime();
  return { cert, key, ca, caPeriods, allowedNames, notAfterMs, warnings };
}

/** The certificates of a file, at least one. */
function certificatesIn(
  what: string,
  path: string,
  pem: string,
): [X509Certificate, ...X509Certificate[]] {
  try {
    const [first, ...others] = (pem.match(PEM_CERTIFICATE) ?? []).map(
      (text) => new X509Certificate(text),
    );
    if (first !== undefined) return [first, ...others];
  } catch (error) {
    const text = `${what}: ${path} holds a certificate that cannot be read: ${messageOf(error)}`;
    throw new AccessError(text, { cause: error });
  }
  throw new AccessError(`${what}: ${path} holds no certificate in PEM`);
}

function privateKeyIn(path: string, pem: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (error) {
    const text = `tls.key_file: ${path} holds no private key in PEM without a passphrase`;
    throw new AccessError(text, { cause: error });
  }
}

function* validity(
  what: string,
  path: string,
  { validFromDate, validToDate }: X509Certificate,
  nowMs: number,
): Generator<string> {
  if (nowMs >= validToDate.getTime()) {
    yield `${what}: ${path} has expired at ${validToDate.toISOString()}: clients refuse it`;
  }
  if (nowMs < validFromDate.getTime()) {
    yield `${what}: ${path} is valid from ${validFromDate.toISOString()} on: clients refuse it`;
  }
}

/** Throws for faults that only OpenSSL finds, such as a key that is too weak. */
function tryContext(what: string, pems: Pick<TlsMaterial, 'cert' | 'key' | 'ca'>): void {
  try {
    createSecureContext({ ...pems, minVersion: MIN_TLS_VERSION });
  } catch (error) {
    throw new AccessError(`${what} cannot be used: ${messageOf(error)}`, { cause: error });
  }
}

import type { Period } from './tls-files.ts';

/** Why a connection was refused: a label of a metric. */
export type RefusalKind =
  | 'no_certificate'
  | 'unknown_ca'
  | 'expired'
  | 'bad_certificate'
  | 'name'
  | 'not_tls'
  | 'protocol'
  | 'client'
  | 'timeout'
  | 'broken';

/** A refused connection. */
export interface TlsRefusal {
  readonly kind: RefusalKind;
  /** In words, for a log. */
  readonly reason: string;
}

/** A client that does not show the certificate it needs. */
export const NO_CERTIFICATE: TlsRefusal = {
  kind: 'no_certificate',
  reason: 'the client showed no certificate',
};

const UNKNOWN_CA: TlsRefusal = {
  kind: 'unknown_ca',
  reason: "the client's certificate is not of a CA in tls.client_ca_file",
};

/** A client that closes the connection without an alert after it has seen this service's certificate. */
const BROKEN_OFF: TlsRefusal = {
  kind: 'client',
  reason:
    "the client broke the handshake off when it had seen this service's certificate: " +
    'does it trust its CA, and ask for one of its names?',
};

/** OpenSSL's codes for a certificate of the client, or of its CA, that is not valid now. */
const OUT_OF_TIME: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'has expired',
  CERT_NOT_YET_VALID: 'is not valid yet: are the clocks right?',
};

/** Refusals by the error codes of Node and OpenSSL. */
const BY_CODE: Readonly<Record<string, TlsRefusal>> = {
  ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE: NO_CERTIFICATE,
  UNABLE_TO_GET_ISSUER_CERT: NO_CERTIFICATE,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNKNOWN_CA,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNKNOWN_CA,
  SELF_SIGNED_CERT_IN_CHAIN: UNKNOWN_CA,
  DEPTH_ZERO_SELF_SIGNED_CERT: UNKNOWN_CA,
  CERT_SIGNATURE_FAILURE: UNKNOWN_CA,
  INVALID_PURPOSE: {
    kind: 'bad_certificate',
    reason: "the client's certificate was not issued for clients",
  },
  ERR_SSL_HTTP_REQUEST: { kind: 'not_tls', reason: 'the client speaks plain HTTP, not TLS' },
  ERR_SSL_WRONG_VERSION_NUMBER: { kind: 'not_tls', reason: 'the client does not speak TLS' },
  ERR_SSL_UNSUPPORTED_PROTOCOL: {
    kind: 'protocol',
    reason: 'the client knows no version of TLS from 1.2 on',
  },
  ERR_SSL_NO_SHARED_CIPHER: { kind: 'protocol', reason: 'the client shares no cipher' },
  ERR_SSL_NO_APPLICATION_PROTOCOL: {
    kind: 'protocol',
    reason: 'the client offers neither HTTP/2 nor HTTP/1.1 (ALPN h2, http/1.1)',
  },
  ERR_TLS_HANDSHAKE_TIMEOUT: {
    kind: 'timeout',
    reason: 'the client did not finish the handshake in time',
  },
  ECONNRESET: { kind: 'broken', reason: 'the client broke the handshake off' },
};

/** What is known about a failed handshake beside its error. */
export interface Handshake {
  /** Why the client's certificate was refused; `undefined` if it was not. */
  readonly certificate: TlsRefusal | undefined;
  /** Whether anything was sent to the client; the first message holds this service's certificate. */
  readonly hasAnswered: boolean;
}

/** Why a handshake failed. */
export function describeHandshakeError(
  error: Error,
  { certificate, hasAnswered }: Handshake,
): TlsRefusal {
  // After a refused certificate, the error says only that the connection is closed.
  if (certificate !== undefined) return certificate;
  const code = 'code' in error ? String(error.code) : '';
  // Clients on Node, such as grpc-js, send no alert but close the connection.
  if (code === 'ECONNRESET' && hasAnswered) return BROKEN_OFF;
  const known = BY_CODE[code];
  if (known !== undefined) return known;
  // Such as `ERR_SSL_TLSV1_ALERT_UNKNOWN_CA`: the client sent an alert.
  const alert = /^ERR_SSL_.*ALERT_(?<name>\w+)$/.exec(code)?.groups?.name;
  if (alert !== undefined) {
    const words = alert.toLowerCase().replaceAll('_', ' ');
    return { kind: 'client', reason: `the client refused this service's certificate: ${words}` };
  }
  return { kind: 'broken', reason: `the handshake failed: ${code || error.message}` };
}

/**
 * Why the certificate of a client was refused.
 *
 * @param code OpenSSL's error code
 * @param authorities when the certificates in `tls.client_ca_file` are valid
 */
export function describeCertificateError(
  code: string,
  authorities: readonly Period[],
  nowMs: number,
): TlsRefusal {
  const fault = OUT_OF_TIME[code];
  if (fault !== undefined) {
    return { kind: 'expired', reason: `${whoseTime(authorities, nowMs)} ${fault}` };
  }
  const known = BY_CODE[code];
  return known ?? { kind: 'bad_certificate', reason: `the client's certificate: ${code}` };
}

/** Names the certificates that may be at fault: OpenSSL does not say which one of the chain is. */
function whoseTime(authorities: readonly Period[], nowMs: number): string {
  const isOut = ({ fromMs, toMs }: Period) => nowMs < fromMs || nowMs >= toMs;
  const out = authorities.filter(isOut).length;
  if (out === 0) return "the client's certificate";
  if (out === authorities.length) return 'the CA in tls.client_ca_file';
  return "the client's certificate, or its CA in tls.client_ca_file,";
}

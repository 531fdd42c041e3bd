import type { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';

/** One subject alternative name as Node writes it: `DNS:a`, or quoted as in JSON: `URI:"a, b"`. */
const ALTERNATIVE_NAME = /(?<kind>[^:,]+):(?<value>"(?:[^"\\]|\\.)*"|[^,]*)(?:, |$)/g;

interface Name {
  readonly kind: string;
  readonly value: string;
}

/** The names in a certificate, for a log. */
export function describeNames(certificate: X509Certificate): string {
  const names = namesIn(certificate).map(({ kind, value }) => `${kind}:${value}`);
  return names.length === 0 ? 'none' : names.join(', ');
}

/**
 * Whether the certificate has one of the names, exactly: a DNS name, URI, IP address, e-mail
 * address or common name. Only DNS names ignore case.
 */
export function hasOneOf(certificate: X509Certificate, allowed: readonly string[]): boolean {
  const names = namesIn(certificate);
  const hasDns = (text: string) =>
    names.some(({ kind, value }) => kind === 'DNS' && value.toLowerCase() === text.toLowerCase());
  return allowed.some(
    (text) =>
      names.some(({ value }) => value === text) ||
      hasDns(text) ||
      // An address can be written in several ways.
      (isIP(text) !== 0 && certificate.checkIP(text) !== undefined),
  );
}

function namesIn(certificate: X509Certificate): Name[] {
  const names: Name[] = [];
  for (const { groups } of (certificate.subjectAltName ?? '').matchAll(ALTERNATIVE_NAME)) {
    const { kind = '', value = '' } = groups ?? {};
    if (['DNS', 'URI', 'IP Address', 'email'].includes(kind)) {
      names.push({ kind, value: unquote(value) });
    }
  }
  // `CN` is a list if there are several common names, which Node's type does not say.
  const commonNames: unknown = certificate.toLegacyObject().subject.CN;
  for (const value of [commonNames].flat()) {
    if (typeof value === 'string') names.push({ kind: 'CN', value });
  }
  return names;
}

function unquote(value: string): string {
  if (!value.startsWith('"')) return value;
  try {
    return String(JSON.parse(value));
  } catch {
    // A name that is quoted wrongly equals none that a config allows.
    return value;
  }
}

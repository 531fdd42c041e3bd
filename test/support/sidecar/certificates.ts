import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { isIP } from 'node:net';
import forge from 'node-forge';

/** A certificate with its key, in PEM. */
export interface Pair {
  readonly cert: string;
  readonly key: string;
}

export interface CertificateOptions {
  readonly commonName?: string;
  /** DNS names, IP addresses, URIs and e-mail addresses. */
  readonly names?: readonly string[];
  /** How long it is valid, from now on; negative: since when it is not. */
  readonly days?: number;
}

/** Who issues certificates. */
export interface Authority {
  /** Its own certificate. */
  readonly cert: string;
  issue(options?: CertificateOptions): Pair;
}

/** What a sidecar on this machine is called. */
export const LOCAL_NAMES = ['localhost', '127.0.0.1', '::1'] as const;

const DAY_MS = 86_400_000;

/**
 * A new authority; no two of them know each other.
 *
 * @param days how long it is valid; negative: since when it is not
 */
export function createAuthority(commonName: string, days = 2): Authority {
  const own = createKeys();
  const subject = attributes(commonName);
  const extensions = [
    { name: 'basicConstraints', cA: true, critical: true },
    { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
  ];
  const cert = sign(own.publicKey, { subject, issuer: subject, key: own.key, extensions, days });
  return {
    cert,
    issue({ commonName: name = 'someone', names = [], days: leafDays = 1 } = {}) {
      const { publicKey, pem } = createKeys();
      const leaf = [
        { name: 'basicConstraints', cA: false },
        { name: 'extKeyUsage', serverAuth: true, clientAuth: true },
        ...(names.length > 0 ? [{ name: 'subjectAltName', altNames: names.map(altName) }] : []),
      ];
      const options = { issuer: subject, key: own.key, extensions: leaf, days: leafDays };
      return { cert: sign(publicKey, { ...options, subject: attributes(name) }), key: pem };
    },
  };
}

interface SignOptions {
  readonly subject: forge.pki.CertificateField[];
  readonly issuer: forge.pki.CertificateField[];
  /** Of the issuer. */
  readonly key: forge.pki.PrivateKey;
  readonly extensions: object[];
  readonly days: number;
}

function sign(publicKey: forge.pki.PublicKey, options: SignOptions): string {
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = publicKey;
  // Positive, as the first bit of a number says.
  certificate.serialNumber = `01${randomBytes(8).toString('hex')}`;
  const untilMs = Date.now() + options.days * DAY_MS;
  certificate.validity.notBefore = new Date(Math.min(Date.now(), untilMs) - DAY_MS);
  certificate.validity.notAfter = new Date(untilMs);
  certificate.setSubject(options.subject);
  certificate.setIssuer(options.issuer);
  certificate.setExtensions(options.extensions);
  // Its types know of keys in general only.
  certificate.sign(options.key as forge.pki.rsa.PrivateKey, forge.md.sha256.create());
  return forge.pki.certificateToPem(certificate);
}

function createKeys() {
  // By Node: in plain JavaScript it takes seconds.
  const { publicKey, privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  return {
    publicKey: forge.pki.publicKeyFromPem(publicKey),
    key: forge.pki.privateKeyFromPem(privateKey),
    pem: privateKey,
  };
}

function attributes(commonName: string): forge.pki.CertificateField[] {
  return [{ name: 'commonName', value: commonName }];
}

function altName(name: string) {
  if (isIP(name) !== 0) return { type: 7, ip: name };
  if (name.includes('://')) return { type: 6, value: name };
  return { type: name.includes('@') ? 1 : 2, value: name };
}

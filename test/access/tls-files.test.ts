import { X509Certificate } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { hasOneOf } from '../../src/access/certificate-names.ts';
import { readTlsFiles } from '../../src/access/tls-files.ts';
import { createAuthority, LOCAL_NAMES } from '../support/sidecar/certificates.ts';
import { tempDir } from '../support/sidecar/temp-dir.ts';

const authority = createAuthority('an authority');
const pair = authority.issue({ commonName: 'sidecar', names: LOCAL_NAMES });

/** Writes the files, and reads them. */
function read(files: { cert?: string; key?: string; ca?: string }, nowMs = Date.now()) {
  const directory = tempDir();
  const write = (name: string, text: string) => {
    const path = join(directory, name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  };
  const { ca } = files;
  const paths = {
    certificateFile: write('crt', files.cert ?? pair.cert),
    keyFile: write('key', files.key ?? pair.key),
    clientCaFile: ca === undefined ? undefined : write('ca', ca),
    allowedNames: [],
  };
  return readTlsFiles(paths, nowMs);
}

test('a pair that fits is taken, with the authorities of clients', () => {
  const other = createAuthority('another authority');
  const material = read({ ca: `# two\n${authority.cert}\n${other.cert}` });
  expect(material).toMatchObject({ cert: pair.cert, key: pair.key, warnings: [] });
  expect(material.notAfterMs).toBeGreaterThan(Date.now());
});

test.each([
  [
    { key: authority.issue().key },
    /^tls\.key_file: .*key is not the key of the certificate in .*crt/,
  ],
  [{ key: 'nonsense' }, /^tls\.key_file: .*holds no private key/],
  [{ key: pair.cert }, /^tls\.key_file: .*holds no private key/],
  [{ cert: pair.key }, /^tls\.certificate_file: .*holds no certificate in PEM/],
  [
    { cert: '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n' },
    /^tls\.certificate_file: .*holds a certificate that cannot be read/,
  ],
  [{ ca: '' }, /^tls\.client_ca_file: .*holds no certificate/],
])('files that do not fit are refused, by name (%#)', (files, says) => {
  expect(() => read(files)).toThrow(
    expect.objectContaining({ name: 'AccessError', message: expect.stringMatching(says) }),
  );
});

test('a certificate whose time has not come, or is over, is taken with a warning', () => {
  const { cert, key } = authority.issue({ days: -1 });
  expect(read({ cert, key }).warnings).toEqual([expect.stringMatching(/crt has expired at 20/)]);
  expect(read({}, 0).warnings).toEqual([expect.stringMatching(/crt is valid from 20/)]);
});

test('a name is found where it stands, whole and in its own case', () => {
  const names = ['A.test', '*.b.test', 'spiffe://t/a,b', 'me@c.test', '10.0.0.1', '2001:db8::1'];
  const certificate = new X509Certificate(
    authority.issue({ commonName: 'DNS:evil.test, x', names }).cert,
  );
  for (const name of [...names, 'a.test', '2001:DB8:0::1', 'DNS:evil.test, x']) {
    expect(hasOneOf(certificate, ['other', name]), name).toBe(true);
  }
  const absent = ['evil.test', 'x.b.test', 'spiffe://t/a', 'SPIFFE://t/a,b', 'b', 'test', ''];
  for (const name of [...absent, '10.0.0.2', 'dns:evil.test, x']) {
    expect(hasOneOf(certificate, [name]), name).toBe(false);
  }
  expect(hasOneOf(certificate, [])).toBe(false);
});

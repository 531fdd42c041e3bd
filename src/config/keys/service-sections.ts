import { z } from 'zod';
import { flag, path, section, string, whole } from './fields.ts';
import { MAX_ALLOWED_NAMES, MAX_NAME_LENGTH } from './limits.ts';

// The sections of a config about what is served, and to whom: see sections.ts.

/** Certificates. */
export const tls = section(
  {
    certificate_file: path(
      'PEM: the certificate, then those it is issued by',
      '/etc/learning/tls.crt',
    ),
    key_file: path('PEM: its private key, without a passphrase', '/etc/learning/tls.key'),
    client_ca_file: path('PEM: clients must show a certificate of this CA', '/etc/learning/ca.crt'),
    allowed_names: z
      .array(
        string(MAX_NAME_LENGTH, 'a name', 'A host, URI, address, e-mail or common name'),
        'expected a list of names',
      )
      .max(MAX_ALLOWED_NAMES, `expected at most ${MAX_ALLOWED_NAMES} names`)
      .describe("Names, one of which a client's certificate must have; [] = any")
      .default([]),
  },
  'TLS on every TCP listener, gRPC and HTTP, once there is a certificate. The files are read again ' +
    'when they change; a bad one is refused, and the last good one kept.',
).prefault({});

/** Who may call. */
export const tokens = section(
  {
    client_file: path('For LearningService', '/etc/learning/client-tokens'),
    admin_file: path('For both services', '/etc/learning/admin-tokens'),
  },
  'Bearer tokens, one a line, read again when they change. With either file callers need one.',
).prefault({});

/** Pages and API of the admin listener. */
export const admin = section(
  {
    hosts: z
      .array(string(MAX_NAME_LENGTH, 'a host', 'A host'), 'expected a list of hosts')
      .max(MAX_ALLOWED_NAMES, `expected at most ${MAX_ALLOWED_NAMES} hosts`)
      .describe(
        'Names by which browsers reach the admin listener, beside localhost, its address and its host; ' +
          'others are refused',
      )
      .default([]),
  },
  'The page and the API on the admin listener.',
).prefault({});

/** How much is served at once. */
export const limits = section(
  {
    // Each takes some 10 KB, and the last of 100,000 waits for seconds.
    max_pending_calls: whole({ from: 1, to: 100_000 }, 'Unary calls under way at once').default(
      2048,
    ),
    // An idle one takes some 20 KB, and each change is written to every one.
    max_streams: whole({ from: 1, to: 100_000 }, 'Streams open at once, of all kinds').default(
      4096,
    ),
    // The more a connection may have open, the more calls may come in one rush.
    max_streams_per_client: whole(
      { from: 1, to: 100_000 },
      'Streams open at once of one connection',
    ).default(1024),
    // An idle one takes some 50 KB and a file descriptor.
    max_connections: whole(
      { from: 1, to: 100_000 },
      'Connections open at once, of gRPC and HTTP/1.1',
    ).default(4096),
  },
  'More is refused with UNAVAILABLE (streams: RESOURCE_EXHAUSTED), and may be tried again.',
).prefault({});

/** Whether OpenFeature is served. */
export const openfeature = section(
  {
    enabled: flag('Its clients may read parameters').default(true),
  },
  "OpenFeature: flagd's protocols (gRPC, Connect) and OFREP, on the addresses of --listen.",
).prefault({});

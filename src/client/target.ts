import { isIP } from 'node:net';
import { checkServerIdentity } from 'node:tls';
import {
  type ChannelCredentials,
  type ClientOptions,
  credentials,
  InterceptingCall,
  type Interceptor,
} from '@grpc/grpc-js';
import { AccessError } from '../access/access-error.ts';
import { readAccessFile } from '../access/read-file.ts';
import { readTokenFile } from '../access/token-file.ts';
import { messageOf } from '../domain/errors.ts';
import { parseSocketAddress, type SocketAddress } from '../net/address.ts';

/** How a client is told to reach its sidecar, and how it shows who it is. */
export interface TargetOptions {
  /** `host:port`, `[ipv6]:port` or `unix:/path`. */
  readonly target: string;
  /** TLS, trusting the CAs that Node brings. */
  readonly tls?: boolean | undefined;
  /** TLS, trusting the CAs in this file (PEM) alone. */
  readonly tlsCa?: string | undefined;
  /** A file (PEM): the certificate to show. */
  readonly tlsCertificate?: string | undefined;
  /** A file (PEM): its private key. */
  readonly tlsKey?: string | undefined;
  /** What the sidecar's certificate must be for, if not the host of `target`. */
  readonly tlsServerName?: string | undefined;
  /** A file whose first token is shown with each call; it is read again each time. */
  readonly tokenFile?: string | undefined;
}

/** What an option is called where it comes from, for messages. */
type NameOf = (option: keyof TargetOptions) => string;

/** How to reach a sidecar, in gRPC's terms. */
export interface Target {
  readonly address: string;
  readonly credentials: ChannelCredentials;
  readonly options: ClientOptions;
}

/** Reads what the options name. Throws an `AccessError` where an address or file cannot be taken. */
export function openTarget(from: TargetOptions, nameOf: NameOf = (option) => option): Target {
  const { target, tlsCa, tlsCertificate, tlsKey, tlsServerName, tokenFile } = from;
  const interceptors = tokenFile === undefined ? [] : [bearing(nameOf('tokenFile'), tokenFile)];
  const address = readAddress(target);
  const wantsTls = from.tls === true || [tlsCa, tlsCertificate, tlsServerName].some(Boolean);
  if ((tlsCertificate === undefined) !== (tlsKey === undefined)) {
    const both = `${nameOf('tlsCertificate')} and ${nameOf('tlsKey')}`;
    throw new AccessError(`expected ${both} together, found one of them`);
  }
  if (!wantsTls) {
    return {
      address: target,
      credentials: credentials.createInsecure(),
      options: { interceptors },
    };
  }
  const read = (option: 'tlsCa' | 'tlsCertificate' | 'tlsKey') => {
    const path = from[option];
    return path === undefined ? null : Buffer.from(readAccessFile(nameOf(option), path).text);
  };
  const name = tlsServerName ?? (address.kind === 'tcp' ? address.host : 'localhost');
  return {
    address: target,
    credentials: credentials.createSsl(
      read('tlsCa'),
      read('tlsKey'),
      read('tlsCertificate'),
      // An address cannot be asked for by name, as the library would.
      { checkServerIdentity: (_, certificate) => checkServerIdentity(name, certificate) },
    ),
    options: {
      interceptors,
      'grpc.ssl_target_name_override': isIP(name) === 0 ? name : 'localhost',
    },
  };
}

function readAddress(target: string): SocketAddress {
  try {
    return parseSocketAddress(target, 'connect to');
  } catch (error) {
    throw new AccessError(messageOf(error), { cause: error });
  }
}

/** Shows the first token of a file with each call; one that was exchanged is found in time. */
function bearing(name: string, file: string): Interceptor {
  const read = () => readTokenFile(name, file).tokens[0];
  let token = read();
  return (options, nextCall) => {
    try {
      token = read();
    } catch {
      // Just being written, or gone: the sidecar says whether the old one still holds.
    }
    return new InterceptingCall(nextCall(options), {
      start(metadata, listener, next) {
        metadata.set('authorization', `Bearer ${token}`);
        next(metadata, listener);
      },
    });
  };
}

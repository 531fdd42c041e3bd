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

/** The address of a sidecar, and the client's credentials. */
export interface TargetOptions {
  /** `host:port`, `[ipv6]:port` or `unix:/path`. */
  readonly target: string;
  /** TLS with Node's default CAs. */
  readonly tls?: boolean | undefined;
  /** TLS with the CAs in this file (PEM) only. */
  readonly tlsCa?: string | undefined;
  /** The file of the client's certificate (PEM). */
  readonly tlsCertificate?: string | undefined;
  /** The file of the private key of the client's certificate (PEM). */
  readonly tlsKey?: string | undefined;
  /** The name that the sidecar's certificate must be for; by default the host of `target`. */
  readonly tlsServerName?: string | undefined;
  /** A file whose first token is sent with each call; it is read again for each call. */
  readonly tokenFile?: string | undefined;
}

/** The name of an option in error messages. */
type NameOf = (option: keyof TargetOptions) => string;

/** The address of a sidecar, credentials and channel options. */
export interface Target {
  readonly address: string;
  readonly credentials: ChannelCredentials;
  readonly options: ClientOptions;
}

/** Reads the files of the options. Throws an `AccessError` if an address or file is invalid. */
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
      // By default, grpc-js checks the server name that it sends, which cannot be an IP address.
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

/** Sends the first token of a file with each call, and reads it again for each call. */
function bearing(name: string, file: string): Interceptor {
  const read = () => readTokenFile(name, file).tokens[0];
  let token = read();
  return (options, nextCall) => {
    try {
      token = read();
    } catch {
      // The file is being written, or gone: send the old token, which may still be valid.
    }
    return new InterceptingCall(nextCall(options), {
      start(metadata, listener, next) {
        metadata.set('authorization', `Bearer ${token}`);
        next(metadata, listener);
      },
    });
  };
}

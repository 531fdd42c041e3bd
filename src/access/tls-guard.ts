import { constants } from 'node:crypto';
import type { ServerOptions as HttpsOptions } from 'node:https';
import { Socket } from 'node:net';
import { createServer, type Server, type TLSSocket, type TlsOptions } from 'node:tls';
import { describeNames, hasOneOf } from './certificate-names.ts';
import { MIN_TLS_VERSION, type TlsMaterial } from './tls-files.ts';
import {
  describeCertificateError,
  describeHandshakeError,
  NO_CERTIFICATE,
  type TlsRefusal,
} from './tls-refusal.ts';

/** A handshake takes two round trips; Node's default of two minutes keeps silent sockets too long. */
const HANDSHAKE_TIMEOUT_MS = 10_000;

/** Called for each refused connection. */
export type OnRefused = (refusal: TlsRefusal, peer: string) => void;

/** TLS for listeners; certificates can be exchanged while they listen. */
export class TlsGuard {
  readonly #onRefused: OnRefused;
  readonly #now: () => number;
  readonly #servers = new Set<Server>();
  #material: TlsMaterial;

  /** @param now wall clock, Unix time in ms */
  constructor(material: TlsMaterial, now: () => number, onRefused: OnRefused) {
    this.#material = material;
    this.#now = now;
    this.#onRefused = onRefused;
  }

  get material(): TlsMaterial {
    return this.#material;
  }

  /** Replaces the certificates for new connections; open ones keep the former. */
  exchange(material: TlsMaterial): void {
    this.#material = material;
    for (const server of this.#servers) server.setSecureContext(this.#context());
  }

  /**
   * Returns a function that takes TCP connections. After the handshake, `accept` gets the connections whose client
   * has shown the certificate that it needs; the others are closed.
   */
  secure(accept: (socket: Socket, isHttp2: boolean) => void): (socket: Socket) => void {
    const server = createServer({
      ...this.#serverOptions(),
      rejectUnauthorized: true,
      ALPNProtocols: ['h2', 'http/1.1'],
    });
    this.follow(server);
    server.on('secureConnection', (socket) => {
      const refusal = this.refusalOf(socket);
      // Some clients of HTTP/1.1 offer no protocol by ALPN.
      if (refusal === undefined) return accept(socket, socket.alpnProtocol === 'h2');
      this.#onRefused(refusal, peerOf(socket));
      socket.destroy();
    });
    return (socket) => void server.emit('connection', socket);
  }

  /** Options for an HTTPS server, which is then given to `follow`. Clients can connect without a certificate. */
  httpsOptions(): HttpsOptions {
    return { ...this.#serverOptions(), rejectUnauthorized: false };
  }

  /** Keeps the certificates of a server up to date, and reports failed handshakes. */
  follow(server: Server): void {
    this.#servers.add(server);
    // A socket whose address was read once still knows it after its end.
    server.prependListener('connection', (socket: Socket) => void socket.remoteAddress);
    server.on('tlsClientError', (error, socket) => {
      const refusal = describeHandshakeError(error, {
        certificate: this.#certificateRefusal(socket),
        hasAnswered: (parentOf(socket)?.bytesWritten ?? 0) > 0,
      });
      this.#onRefused(refusal, peerOf(socket));
      // Node leaves the socket open after a timeout of the handshake.
      socket.destroy();
    });
  }

  /** Why the client may not connect; `undefined` if it may. */
  refusalOf(socket: TLSSocket): TlsRefusal | undefined {
    const { ca, allowedNames } = this.#material;
    if (ca === undefined) return undefined;
    const refusal = this.#certificateRefusal(socket);
    if (refusal !== undefined) return refusal;
    const certificate = socket.getPeerX509Certificate();
    if (!socket.authorized || certificate === undefined) return NO_CERTIFICATE;
    if (allowedNames.length === 0 || hasOneOf(certificate, allowedNames)) return undefined;
    const names = describeNames(certificate);
    const reason = `no name of the client's certificate is in tls.allowed_names: ${names}`;
    return { kind: 'name', reason };
  }

  #certificateRefusal({ authorizationError }: TLSSocket): TlsRefusal | undefined {
    // The error is a string, whatever Node's type says; null if there is none.
    const code: unknown = authorizationError;
    if (code === null || code === undefined) return undefined;
    return describeCertificateError(String(code), this.#material.caPeriods, this.#now());
  }

  #serverOptions(): TlsOptions {
    return {
      ...this.#context(),
      handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
      requestCert: this.#material.ca !== undefined,
    };
  }

  #context(): TlsOptions {
    const { cert, key, ca } = this.#material;
    return {
      cert,
      key,
      ...(ca === undefined ? {} : { ca }),
      minVersion: MIN_TLS_VERSION,
      // A resumed session would not be checked against new certificates.
      secureOptions: constants.SSL_OP_NO_TICKET,
    };
  }
}

function peerOf(socket: TLSSocket): string {
  // A destroyed TLS socket has lost its address; the TCP socket below it has not.
  const { remoteAddress, remotePort } = parentOf(socket) ?? socket;
  return remoteAddress === undefined ? 'unknown' : `${remoteAddress}:${remotePort}`;
}

/** The TCP connection below a TLS socket. */
function parentOf(socket: TLSSocket): Socket | undefined {
  // biome-ignore lint/plugin: of Node; it has no other way from a failed handshake to its connection.
  const parent: unknown = Reflect.get(socket, '_parent');
  return parent instanceof Socket ? parent : undefined;
}

import { lstatSync, unlinkSync } from 'node:fs';
import { connect } from 'node:net';
import { type Server, ServerCredentials } from '@grpc/grpc-js';

/** Where to listen. */
export type ListenAddress =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string };

// Read and write for the owner and the group: whoever may write may connect.
const SOCKET_UMASK = 0o117;

// What fits into sockaddr_un with its final zero on the strictest systems.
const MAX_SOCKET_PATH_BYTES = 103;

/** Reads `host:port`, `[ipv6]:port` or `unix:/path`. Throws an `Error` that says what is wrong. */
export function parseListenAddress(text: string): ListenAddress {
  if (text.startsWith('unix:')) return parseUnix(text);
  const match = /^(?:\[(?<ipv6>[^\]]+)\]|(?<name>[^:[\]/]+)):(?<port>\d{1,5})$/.exec(text);
  const { ipv6, name, port } = match?.groups ?? {};
  const host = ipv6 ?? name;
  if (host === undefined || Number(port) > 65_535) {
    throw new Error(
      `cannot listen on "${text}": expected host:port (port 0 to 65535), [ipv6]:port or unix:/path`,
    );
  }
  return { kind: 'tcp', host, port: Number(port) };
}

/**
 * Listens on `host:port`, `[ipv6]:port` or `unix:/path` and answers the address that clients
 * reach: with the port that the system chose for port 0. Rejects with an `Error` for people.
 *
 * A unix socket gets mode 0660. One that a killed process has left is replaced; one that
 * somebody listens on, and any other kind of file, is left alone and refused.
 */
export async function bind(
  server: Server,
  address: string,
  credentials: ServerCredentials = ServerCredentials.createInsecure(),
): Promise<string> {
  const target = parseListenAddress(address);
  if (target.kind === 'unix') {
    await removeStaleSocket(target.path);
    const canonical = `unix:${target.path}`;
    await bindUnix(server, canonical, credentials);
    return canonical;
  }
  const port = await bindAsync(server, address, credentials);
  return target.host.includes(':') ? `[${target.host}]:${port}` : `${target.host}:${port}`;
}

function parseUnix(text: string): ListenAddress {
  // gRPC's other form, with an empty authority, means the same.
  const path = text.slice(text.startsWith('unix:///') ? 'unix://'.length : 'unix:'.length);
  if (path === '' || path.startsWith('//')) {
    throw new Error(`cannot listen on "${text}": expected unix:/path`);
  }
  const bytes = Buffer.byteLength(path);
  if (bytes > MAX_SOCKET_PATH_BYTES) {
    const expected = `expected a path of at most ${MAX_SOCKET_PATH_BYTES} bytes, got ${bytes}`;
    throw new Error(`cannot listen on "${text}": ${expected}`);
  }
  return { kind: 'unix', path };
}

let unixBinding: Promise<unknown> = Promise.resolve();

/** One at a time: the umask is the process's, and two would restore each other's. */
function bindUnix(server: Server, address: string, credentials: ServerCredentials) {
  const bound = unixBinding.then(async () => {
    // A mode set after bind would leave a moment for others to connect.
    const before = process.umask(SOCKET_UMASK);
    try {
      await bindAsync(server, address, credentials);
    } finally {
      process.umask(before);
    }
  });
  unixBinding = bound.catch(() => undefined);
  return bound;
}

function bindAsync(server: Server, address: string, credentials: ServerCredentials) {
  return new Promise<number>((resolve, reject) => {
    server.bindAsync(address, credentials, (error, port) => {
      if (error === null) resolve(port);
      else reject(new Error(`cannot listen on "${address}": ${readable(error)}`, { cause: error }));
    });
  });
}

/** grpc-js wraps what the system said: `No address added … errors: [listen EADDRINUSE: …]`. */
function readable(error: Error): string {
  return /errors: \[(.*)\]$/.exec(error.message)?.[1] ?? error.message;
}

async function removeStaleSocket(path: string): Promise<void> {
  const file = lstatSync(path, { throwIfNoEntry: false });
  if (file === undefined) return;
  if (!file.isSocket()) {
    throw new Error(`cannot listen on "unix:${path}": it is a file that is not a socket`);
  }
  const failure = await tryConnect(path);
  if (failure === undefined) {
    throw new Error(`cannot listen on "unix:${path}": another process listens on it`);
  }
  if (failure === 'ENOENT') return;
  if (failure !== 'ECONNREFUSED') {
    throw new Error(
      `cannot listen on "unix:${path}": cannot tell whether it is in use: ${failure}`,
    );
  }
  unlinkSync(path);
}

/** Why nobody answers; `undefined`: somebody does. */
function tryConnect(path: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(undefined);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  });
}

import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { type BigIntStats, lstatSync, renameSync, unlinkSync } from 'node:fs';
import { type AddressInfo, connect, type Server } from 'node:net';
import { messageOf, systemCode } from '../domain/errors.ts';
import { formatAddress, type SocketAddress } from './address.ts';

/** Owner and group may connect, which needs the right to write. */
const SOCKET_MODE = 0o660;

/**
 * Maximum number of connections that wait to be accepted. After a restart all clients connect at once; those beyond
 * the maximum retry after seconds. Linux also has a limit, `net.core.somaxconn`, which is usually the same.
 */
const BACKLOG = 4096;

/** Error codes for an address that a host name has but this machine has not. */
const NOT_HERE: readonly unknown[] = ['EADDRNOTAVAIL', 'EAFNOSUPPORT'];

/** Servers that listen on one address. */
export interface Listening {
  /** The address that clients reach, with the port that the system chose for port 0. */
  readonly address: SocketAddress;
  /** More than one if a host name has several addresses. */
  readonly servers: readonly Server[];
  /** Stops listening; resolves when the connections have ended. */
  close(): Promise<void>;
}

/**
 * Listens with servers that `createServer` makes. Rejects with an `Error` whose message is for operators.
 *
 * A unix socket gets the file mode `socketMode`. A socket file that a killed process has left is replaced; one that a
 * process listens on is refused, and so is any other kind of file.
 */
export async function listen(
  target: SocketAddress,
  createServer: () => Server,
  socketMode: number = SOCKET_MODE,
): Promise<Listening> {
  try {
    if (target.kind === 'tcp') return await listenTcp(target, createServer);
    await removeStaleSocket(target.path);
    const server = createServer();
    await listenUnix(server, target.path, socketMode);
    const own = socketAt(target.path);
    const close = () => closeUnix(server, target.path, own);
    return { address: target, servers: [server], close };
  } catch (error) {
    const text = `cannot listen on "${formatAddress(target)}": ${messageOf(error)}`;
    throw new Error(text, { cause: error });
  }
}

async function listenTcp(
  target: Extract<SocketAddress, { kind: 'tcp' }>,
  createServer: () => Server,
): Promise<Listening> {
  const found = await lookup(target.host, { all: true });
  const hosts = new Set(found.map(({ address }) => address));
  const servers: Server[] = [];
  const failures: unknown[] = [];
  let { port } = target;
  for (const host of hosts) {
    const server = createServer();
    try {
      server.listen({ host, port, backlog: BACKLOG });
      await once(server, 'listening');
      servers.push(server);
      // An `AddressInfo`: the server listens on a host and a port, not on a pipe.
      ({ port } = server.address() as AddressInfo);
    } catch (error) {
      failures.push(error);
    }
  }
  const failure = failures.find(
    (error) => servers.length === 0 || !NOT_HERE.includes(systemCode(error)),
  );
  const close = async () => void (await Promise.all(servers.map(closed)));
  if (failure === undefined) return { address: { ...target, port }, servers, close };
  void close();
  throw failure;
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}

async function listenUnix(server: Server, path: string, mode: number): Promise<void> {
  // The umask sets the mode: if it were set after bind, others could connect before.
  const before = process.umask(0o777 & ~mode);
  try {
    // `listen` binds before it returns.
    server.listen({ path, backlog: BACKLOG });
  } finally {
    process.umask(before);
  }
  await once(server, 'listening');
}

function socketAt(path: string): BigIntStats | undefined {
  return lstatSync(path, { bigint: true, throwIfNoEntry: false });
}

/**
 * Closes a server on a unix socket. Node then removes whatever is at the path; if another process listens there by
 * now, the socket of that process is kept.
 */
function closeUnix(server: Server, path: string, own: BigIntStats | undefined): Promise<void> {
  const aside = `${path}.${process.pid}`;
  try {
    const found = socketAt(path);
    // No two bound sockets have the same inode.
    const isOwn = found?.ino === own?.ino && found?.dev === own?.dev;
    if (found === undefined || isOwn) return closed(server);
    // The other process's socket is moved aside while the server closes: `close` removes the path at once.
    renameSync(path, aside);
  } catch {
    // If the file may not be moved, the server may not remove it, either.
    return closed(server);
  }
  const ended = closed(server);
  renameSync(aside, path);
  return ended;
}

async function removeStaleSocket(path: string): Promise<void> {
  const file = lstatSync(path, { throwIfNoEntry: false });
  if (file === undefined) return;
  if (!file.isSocket()) throw new Error('it is a file that is not a socket');
  const failure = await tryConnect(path);
  if (failure === undefined) throw new Error('another process listens on it');
  if (failure === 'ENOENT') return;
  if (failure !== 'ECONNREFUSED') {
    throw new Error(`cannot tell whether it is in use: ${failure}`);
  }
  unlinkSync(path);
}

/** Why no process accepts connections on a unix socket; `undefined` if one does. */
function tryConnect(path: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(undefined);
    });
    socket.once('error', (error) => resolve(systemCode(error) ?? error.message));
  });
}

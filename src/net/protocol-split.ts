import type { Socket } from 'node:net';

/** The first bytes from a client that speaks HTTP/2 (RFC 9113, 3.4). No request of HTTP/1.1 begins with them. */
const PREFACE = 'PRI';

/**
 * Waits for the first bytes of a connection, and leaves them to be read. Calls `decide` once, with whether the
 * client speaks HTTP/2; not at all for a connection that ends before that is known.
 */
export function splitProtocol(socket: Socket, decide: (isHttp2: boolean) => void): void {
  let bytes = Buffer.alloc(0);
  const look = () => {
    const more: Buffer | null = socket.read();
    // The client has closed the connection.
    if (more === null) return void socket.destroy();
    bytes = Buffer.concat([bytes, more]);
    const first = bytes.toString('latin1', 0, PREFACE.length);
    if (first.length < PREFACE.length && PREFACE.startsWith(first)) return;
    socket.off('readable', look);
    socket.unshift(bytes);
    // By the next tick, Node has noticed that nobody waits for `readable`; until then, a server would get no `data`.
    process.nextTick(decide, first === PREFACE);
  };
  // Without a listener, an error would end the process.
  socket.on('error', () => {});
  socket.on('readable', look);
}

import type { Socket } from 'node:net';

/** What a client says first if it speaks HTTP/2 without TLS (RFC 9113, 3.4). No other request begins so. */
const PREFACE = 'PRI';

/**
 * Waits for the first bytes of a connection, and leaves them to be read. Calls `decide` once, with whether the
 * client speaks HTTP/2; not at all for a connection that ends before that is known.
 */
export function splitProtocol(socket: Socket, decide: (isHttp2: boolean) => void): void {
  let bytes = Buffer.alloc(0);
  const look = () => {
    const more: Buffer | null = socket.read();
    // Nothing more comes.
    if (more === null) return void socket.destroy();
    bytes = Buffer.concat([bytes, more]);
    const first = bytes.toString('latin1', 0, PREFACE.length);
    if (first.length < PREFACE.length && PREFACE.startsWith(first)) return;
    socket.off('readable', look);
    socket.unshift(bytes);
    // In the next tick Node has noticed that nobody waits for `readable`; before, a server would get no `data`.
    process.nextTick(decide, first === PREFACE);
  };
  // Without a listener, an error would end the process.
  socket.on('error', () => {});
  socket.on('readable', look);
}

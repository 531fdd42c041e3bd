import type { IncomingMessage, ServerResponse } from 'node:http';

type Socket = IncomingMessage['socket'];

/**
 * Whether a request was sent before the previous one on its connection was answered; such a connection is
 * closed. No client does that, and unread responses would pile up.
 *
 * @param busy connections whose request is not answered yet
 */
export function isPipelined(
  busy: WeakSet<Socket>,
  { socket }: IncomingMessage,
  response: ServerResponse,
): boolean {
  if (busy.has(socket) || socket.destroyed) {
    socket.destroy();
    stopParsing(socket);
    return true;
  }
  busy.add(socket);
  response.once('finish', () => busy.delete(socket));
  return false;
}

/**
 * What has been read may hold a thousand further requests, and each costs as much as a served one. Node's
 * parser does not notice that a socket is destroyed; 2 tells it that no HTTP follows.
 */
function stopParsing(socket: Socket): void {
  // Node's types do not know it.
  const { parser } = socket as { parser?: { onIncoming?: unknown } | null };
  if (parser) parser.onIncoming = () => 2;
}

import type { IncomingMessage, ServerResponse } from 'node:http';

type Socket = IncomingMessage['socket'];

/**
 * Whether a request was sent before the previous one on the same connection was answered. Closes such a connection:
 * no known client does that, and unread responses would pile up.
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
 * Stops the parser of a destroyed socket, which Node does not: the bytes already read may hold a thousand further
 * requests, and each costs as much as a served one. The return value 2 tells the parser that no HTTP follows.
 */
function stopParsing(socket: Socket): void {
  // Node's types do not have `parser`.
  const { parser } = socket as { parser?: { onIncoming?: unknown } | null };
  if (parser) parser.onIncoming = () => 2;
}

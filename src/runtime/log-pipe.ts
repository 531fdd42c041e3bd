import { fstatSync } from 'node:fs';
import { Socket } from 'node:net';
import type { DestinationStream } from 'pino';

/** What waits for a reader that has stalled: minutes of an ordinary log, seconds of a busy one. */
const MAX_WAITING_BYTES = 1024 * 1024;

/** Whether writing to it can block for as long as somebody else likes. */
export function isPipe(fd: number): boolean {
  const file = fstatSync(fd);
  return file.isFIFO() || file.isSocket();
}

/**
 * Writes to a pipe without ever waiting for its reader: the lines that find no room are dropped, and
 * a line says how many once there is room again. While there is room, each is written at once, as
 * the last ones before an end have to be.
 *
 * @param sayDropped is to log a line
 */
export function writeToPipe(fd: number, sayDropped: (count: number) => void): DestinationStream {
  const pipe = new Socket({ fd, readable: false, writable: true });
  let dropped = 0;
  // Its reader has gone: nobody is there to be told.
  pipe.on('error', () => {});
  pipe.on('drain', () => {
    if (dropped === 0) return;
    const count = dropped;
    dropped = 0;
    sayDropped(count);
  });
  pipe.unref();
  return {
    write(line) {
      if (pipe.destroyed) return;
      if (pipe.writableLength + line.length > MAX_WAITING_BYTES) dropped += 1;
      else pipe.write(line);
    },
  };
}

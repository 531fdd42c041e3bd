import { fstatSync } from 'node:fs';
import { Socket } from 'node:net';
import type { DestinationStream } from 'pino';

/** Maximum bytes kept for a reader that has stalled: minutes of an ordinary log, seconds of a busy one. */
const MAX_WAITING_BYTES = 1024 * 1024;

/** Whether a write can block until another process reads. */
export function isPipe(fd: number): boolean {
  const file = fstatSync(fd);
  return file.isFIFO() || file.isSocket();
}

/**
 * Writes to a pipe without waiting for its reader. Lines beyond `MAX_WAITING_BYTES` are dropped. The other lines are
 * written at once, as the last lines before an exit have to be.
 *
 * @param sayDropped logs how many lines were dropped; called when the pipe has drained
 */
export function writeToPipe(fd: number, sayDropped: (count: number) => void): DestinationStream {
  const pipe = new Socket({ fd, readable: false, writable: true });
  let dropped = 0;
  // The pipe's reader has gone, so there is nowhere to report the error.
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

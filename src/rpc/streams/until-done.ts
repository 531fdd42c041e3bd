import type { OpenStream, OpenStreams } from './open-streams.ts';

/** Runs a stream until it is done, and counts it as open meanwhile. Rejects with its error, if there is one. */
export function untilDone(
  openStreams: OpenStreams,
  peer: string,
  open: (done: (error?: unknown) => void) => OpenStream,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let stream: OpenStream | undefined;
    const release = openStreams.add({ end: (error) => stream?.end(error) }, peer);
    const done = (error?: unknown) => {
      release();
      if (error === undefined) resolve();
      else reject(error);
    };
    try {
      stream = open(done);
    } catch (error) {
      done(error);
    }
  });
}

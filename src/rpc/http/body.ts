import type { IncomingMessage } from 'node:http';
import { gunzip } from 'node:zlib';
import type { StatusObject } from '@grpc/grpc-js';
import { malformed, systemCode } from '../../domain/errors.ts';

/** Counts bytes of a request; returns a refusal if they are too many. */
export type CountBytes = (bytes: number) => StatusObject | undefined;

/**
 * Reads the body of a request. Resolves with the body; with a refusal by `count`, after which nothing more is read; or
 * with `undefined` if the client goes before the end of the body.
 */
export function readBody(
  request: IncomingMessage,
  count: CountBytes,
): Promise<Buffer | StatusObject | undefined> {
  return new Promise((resolve) => {
    const parts: Buffer[] = [];
    const take = (part: Buffer) => {
      const refusal = count(part.length);
      parts.push(part);
      if (refusal === undefined) return;
      request.off('data', take).pause();
      resolve(refusal);
    };
    request.on('data', take);
    request.once('end', () => resolve(parts.length === 1 ? parts[0] : Buffer.concat(parts)));
    request.once('close', () => resolve(undefined));
    request.on('error', () => resolve(undefined));
  });
}

/** Unpacks gzip. Rejects with MALFORMED, or resolves with `undefined` if more than `maxBytes` come out. */
export function unpack(bytes: Buffer, maxBytes: number): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    gunzip(bytes, { maxOutputLength: maxBytes }, (error, unpacked) => {
      if (error === null) resolve(unpacked);
      else if (systemCode(error) === 'ERR_BUFFER_TOO_LARGE') resolve(undefined);
      else reject(malformed('the request is not valid gzip', error));
    });
  });
}

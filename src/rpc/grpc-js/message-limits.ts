import { Counts } from '../counts.ts';

/** The largest request taken, in bytes; grpc-js refuses larger ones. */
export const MAX_REQUEST_BYTES = 4 * 1024 * 1024;

/** What any request may take: far more than one of a single task. 4,096 of them are 64 MiB. */
export const FREE_BYTES = 16 * 1024;

/** Of the larger requests of one connection: eight of the largest. */
const MAX_BYTES_PER_CONNECTION = 8 * MAX_REQUEST_BYTES;

/** Of the larger requests of all connections. */
const MAX_BYTES = 64 * MAX_REQUEST_BYTES;

/** Bounds the bytes of requests that are under way, beyond the first ones of each. */
export class RequestBytes {
  readonly #ofPeer = new Counts<string>();
  #all = 0;

  /** Bytes that are taken. */
  get taken(): number {
    return this.#all;
  }

  /** Answers whether there was room. */
  take(peer: string, bytes: number): boolean {
    const ofPeer = this.#ofPeer.of(peer) + bytes;
    if (ofPeer > MAX_BYTES_PER_CONNECTION || this.#all + bytes > MAX_BYTES) return false;
    this.#ofPeer.add(peer, bytes);
    this.#all += bytes;
    return true;
  }

  give(peer: string, bytes: number): void {
    this.#all -= bytes;
    this.#ofPeer.add(peer, -bytes);
  }
}

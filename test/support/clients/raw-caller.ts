import { type DescMethod, fromBinary, type MessageShape } from '@bufbuild/protobuf';
import { Client, credentials } from '@grpc/grpc-js';
import { onTestFinished } from 'vitest';

/** Calls a unary method with any bytes for its request. */
export type RawCaller<M extends DescMethod> = (
  bytes: Uint8Array,
) => Promise<MessageShape<M['output']>>;

/** A caller, on one connection until the test ends. */
export function rawCaller<M extends DescMethod>(address: string, method: M): RawCaller<M> {
  const client = new Client(address, credentials.createInsecure());
  onTestFinished(() => client.close());
  const path = `/${method.parent.typeName}/${method.name}`;
  const output: M['output'] = method.output;
  return (bytes) =>
    new Promise((resolve, reject) => {
      client.makeUnaryRequest<Uint8Array, MessageShape<M['output']>>(
        path,
        (request) => Buffer.from(request),
        (response) => fromBinary(output, response),
        bytes,
        (error, response) => {
          if (error !== null) reject(error);
          else if (response !== undefined) resolve(response);
        },
      );
    });
}

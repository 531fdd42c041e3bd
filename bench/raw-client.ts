import {
  Client,
  type ClientDuplexStream,
  type ClientReadableStream,
  credentials,
} from '@grpc/grpc-js';

const asIs = (bytes: Buffer): Buffer => bytes;

/** Paths of the methods that are measured. */
export const METHODS = {
  recordTask: '/learning.v1.LearningService/RecordTask',
  recordTasks: '/learning.v1.LearningService/RecordTasks',
  resolveParameters: '/learning.v1.LearningService/ResolveParameters',
  resolveInt: '/flagd.evaluation.v2.Service/ResolveInt',
  reportMetrics: '/learning.v1.LearningService/ReportMetrics',
  streamDeltas: '/learning.v1.LearningService/StreamDeltas',
  runCycle: '/learning.v1.LearningAdminService/RunCycle',
  setParameter: '/learning.v1.LearningAdminService/SetParameter',
  listDeltas: '/learning.v1.LearningService/ListDeltas',
} as const;

/** A client of encoded messages, on a connection of its own. */
export class RawClient {
  readonly #client: Client;

  constructor(address: string) {
    this.#client = new Client(address, credentials.createInsecure(), {
      'grpc.use_local_subchannel_pool': 1,
    });
  }

  unary(path: string, request: Buffer): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest(path, asIs, asIs, request, (error, response) =>
        error === null && response !== undefined ? resolve(response) : reject(error),
      );
    });
  }

  serverStream(path: string, request: Buffer): ClientReadableStream<Buffer> {
    return this.#client.makeServerStreamRequest(path, asIs, asIs, request);
  }

  duplex(path: string): ClientDuplexStream<Buffer, Buffer> {
    return this.#client.makeBidiStreamRequest(path, asIs, asIs);
  }

  close(): void {
    this.#client.close();
  }
}

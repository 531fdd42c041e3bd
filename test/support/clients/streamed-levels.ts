import type { ClientReadableStream, ServiceError } from '@grpc/grpc-js';
import type { StreamDeltasResponse } from '../../../src/gen/learning/v1/learning_service_pb.ts';
import { type Given, levelsOf } from '../load/virtual-work.ts';
import type { LearningClient } from './clients.ts';

const CLIENT_ID = 'orchestrator';

/** The values of a client that follows StreamDeltas, and acknowledges what it puts in force. */
export class StreamedLevels {
  current: Given = { levels: {}, deltaSequence: -1n };
  readonly #client: LearningClient;
  readonly #stream: ClientReadableStream<StreamDeltasResponse>;
  #acknowledged: Promise<unknown> = Promise.resolve();
  #waiting: { readonly sequence: bigint; readonly resolve: () => void }[] = [];
  #isClosed = false;

  /** Answers when the first snapshot is there. */
  static async open(client: LearningClient): Promise<StreamedLevels> {
    const opened = new StreamedLevels(client);
    await opened.until(0n);
    return opened;
  }

  private constructor(client: LearningClient) {
    this.#client = client;
    this.#stream = client.streamDeltas({ clientId: CLIENT_ID });
    this.#stream.on('data', (message) => this.#take(message));
    this.#stream.on('error', (error: ServiceError) => {
      if (!this.#isClosed) throw error;
    });
  }

  /** Resolves when what has this sequence is in force. */
  async until(sequence: bigint): Promise<void> {
    if (this.current.deltaSequence >= sequence) return;
    await new Promise<void>((resolve) => this.#waiting.push({ sequence, resolve }));
  }

  /** To be called before the sidecar goes, too. */
  async close(): Promise<void> {
    await this.#acknowledged;
    this.#isClosed = true;
    this.#stream.cancel();
  }

  #take({ epoch, sequence, event }: StreamDeltasResponse): void {
    let { levels } = this.current;
    if (event.case === 'snapshot') levels = levelsOf(event.value.parameters);
    if (event.case === 'delta') {
      const { deltaId, target, newValue } = event.value;
      levels = { ...levels, ...(newValue && levelsOf({ [target]: newValue })) };
      this.#acknowledge(epoch, deltaId);
    }
    this.current = { levels, deltaSequence: sequence };
    const over = this.#waiting.filter((one) => one.sequence <= sequence);
    this.#waiting = this.#waiting.filter((one) => one.sequence > sequence);
    for (const { resolve } of over) resolve();
  }

  #acknowledge(epoch: string, deltaId: string): void {
    const call = this.#client.ackDelta({ clientId: CLIENT_ID, epoch, deltaId });
    this.#acknowledged = Promise.all([this.#acknowledged, call]);
  }
}

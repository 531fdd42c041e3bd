import { onTestFinished } from 'vitest';
import type { LearningClient } from '../clients/clients.ts';
import { StreamedLevels } from '../clients/streamed-levels.ts';
import type { Given, WorkPort } from '../load/virtual-work.ts';
import { askingPort, followingPort } from '../load/work-ports.ts';
import type { Assignment } from './trial-config.ts';

/**
 * Where an orchestrator's tasks get their values from: it asks for each where a trial assigns task
 * by task, and only follows the deltas otherwise. Can be connected anew.
 */
export class TrialPort implements WorkPort {
  streamed: StreamedLevels | undefined;
  readonly #assignment: Assignment;
  #port: WorkPort | undefined;

  constructor(assignment: Assignment) {
    this.#assignment = assignment;
  }

  async connect(client: LearningClient): Promise<void> {
    if (this.#assignment === 'task') {
      this.#port = askingPort(client);
      return;
    }
    const streamed = await StreamedLevels.open(client);
    onTestFinished(() => streamed.close());
    this.streamed = streamed;
    this.#port = followingPort(client, streamed);
  }

  /** Before the sidecar goes. */
  async disconnect(): Promise<void> {
    await this.streamed?.close();
    this.#port = undefined;
  }

  start(taskId: string): Promise<Given> {
    return this.#connected().start(taskId);
  }

  finish(task: Parameters<WorkPort['finish']>[0]): Promise<void> {
    return this.#connected().finish(task);
  }

  #connected(): WorkPort {
    if (this.#port === undefined) throw new Error('it is not connected');
    return this.#port;
  }
}

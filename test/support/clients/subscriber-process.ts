import { onTestFinished } from 'vitest';
import type { SnapshotOutcome } from '../../../src/gen/learning/v1/learning_service_pb.ts';
import { type Child, runScript } from '../sidecar/child.ts';

/** What a subscriber in a process of its own has seen. */
export interface SeenEvent {
  readonly event: 'snapshot' | 'delta' | 'heartbeat' | 'broken';
  readonly sequence: number;
  readonly outcome?: SnapshotOutcome;
}

export interface SubscriberProcess {
  readonly events: readonly SeenEvent[];
  /** Resolves when it has seen such an event. */
  find(isWanted: (event: SeenEvent) => boolean): Promise<SeenEvent>;
  /** Freezes it: it neither reads nor answers. */
  freeze(): void;
  wake(): void;
}

/** Starts one; answers when it has had its first snapshot. Ended with the test. */
export async function startSubscriber(
  address: string,
  clientId: string,
): Promise<SubscriberProcess> {
  const child: Child = runScript(new URL('subscriber.ts', import.meta.url), [address, clientId]);
  onTestFinished(async () => {
    await child.end('SIGKILL');
  });
  const read = (line: string): SeenEvent => JSON.parse(line);
  const subscriber: SubscriberProcess = {
    get events() {
      return child.lines.map(read);
    },
    find: (isWanted) =>
      child.find((line) => {
        const event = read(line);
        return isWanted(event) ? event : undefined;
      }),
    freeze: () => void child.process.kill('SIGSTOP'),
    wake: () => void child.process.kill('SIGCONT'),
  };
  await subscriber.find(({ event }) => event === 'snapshot');
  return subscriber;
}

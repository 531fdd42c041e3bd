import { onTestFinished, vi } from 'vitest';
import {
  type Change,
  LearningSidecar,
  type LearningSidecarOptions,
} from '../../../src/client/public.ts';

/** A client until the test ends, what it was told of, and what it logged. */
export function createOrchestrator(target: string, options: Partial<LearningSidecarOptions> = {}) {
  const changes: Change[] = [];
  const lines: string[] = [];
  const sidecar = new LearningSidecar({
    target,
    clientId: 'orchestrator',
    log: (line) => void lines.push(line.replace('learning-sidecar: ', '')),
    ...options,
    onChange: async (change) => {
      changes.push(change);
      await options.onChange?.(change);
    },
  });
  onTestFinished(() => sidecar.close({ timeoutMs: 0 }));
  /** Resolves once all of it has been put in force or refused. */
  const until = (sequence: bigint) =>
    vi.waitFor(() => {
      if (sidecar.sequence !== sequence) throw new Error(`it is at ${sidecar.sequence}`);
    }, WAIT);
  return { sidecar, changes, lines, until };
}

export const WAIT = { timeout: 20_000, interval: 10 };

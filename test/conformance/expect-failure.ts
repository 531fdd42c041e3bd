import { expect } from 'vitest';
import { AgentError, type AgentFailure } from './agent.ts';

/** Answers how a command failed. */
export async function failureOf(command: Promise<unknown>): Promise<AgentFailure> {
  try {
    const ok = await command;
    throw new Error(`expected a failure, got ${JSON.stringify(ok)}`);
  } catch (error) {
    if (error instanceof AgentError) return error.failure;
    throw error;
  }
}

/** A failure with the details that the contract promises. */
export function expectDetails(failure: AgentFailure, code: string, reason: string): void {
  expect(failure).toMatchObject({ code, reason, domain: 'learning.v1' });
  expect(failure.message).toMatch(/\w/);
  if (code !== 'UNAVAILABLE') {
    expect([failure.retry_delay_ms ?? null, failure.pushback_ms ?? null]).toEqual([null, null]);
    return;
  }
  expect(failure.retry_delay_ms).toBeGreaterThanOrEqual(500);
  expect(failure.retry_delay_ms).toBeLessThanOrEqual(1500);
  expect(failure.pushback_ms).toBe(String(failure.retry_delay_ms));
}

/** Fails unless the command fails so. */
export async function expectFailure(
  command: Promise<unknown>,
  code: string,
  reason: string,
): Promise<AgentFailure> {
  const failure = await failureOf(command);
  expectDetails(failure, code, reason);
  return failure;
}

/** No details: the sidecar itself did not refuse it. */
export async function expectPlainFailure(command: Promise<unknown>, code: string): Promise<void> {
  const failure = await failureOf(command);
  expect(failure).toMatchObject({ code });
  expect(failure.reason || null).toBeNull();
}

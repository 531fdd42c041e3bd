import type { EngineFixture } from '../engine/engine-fixture.ts';
import { taskOf } from '../engine/engine-fixture.ts';

const ruleOn = (id: string, target: string, more: string) => `
  - { id: ${id}, when: 'parameters.${target} == 0.0', type: resource, operation: adjust,
      target: ${target}, new_value: '1', reasoning: '"observed %"', confidence: 0.9,
      impact: positive${more} }`;

/** The config that a ledger of test/ledgers was written under: one value harms, and two help. */
export const ledgerYaml = (name: string) => `
cycle: { enabled: false }
curation: { mode: trial, cooldown_seconds: 10, ack_timeout_seconds: 0 }
trial: { assignment: ${name.includes('blocks') ? 'switchback' : 'task'} }
parameters: { harms: { initial: 0 }, helps: { initial: 0 }, level: { initial: 0 }, max_cpu_per_agent: {} }
rules:${ruleOn('worse', 'harms', '')}${ruleOn('better', 'helps', ', guards: []')}${ruleOn('raise', 'level', '')}
`;

/** Runs tasks, each a second, which take as long as their values make them. */
export async function runTasks(
  { engine, clock }: Pick<EngineFixture, 'engine' | 'clock'>,
  count: number,
  name: string,
): Promise<void> {
  for (let i = 0; i < count; i += 1) {
    const taskId = `${name}-${i}`;
    const labels = { size: i % 3 === 0 ? 'large' : 'small' };
    const { parameters, deltaSequence } = await engine.resolve({ taskId, labels });
    await clock.advance(1000);
    const factor =
      (parameters.harms === 1 ? 2 : 1) *
      (parameters.helps === 1 ? 0.5 : 1) *
      (parameters.level === 1 ? 0.6 : 1);
    const latencyMs = (100 + ((i * 37) % 20)) * factor;
    const measurements = { tokens: 10 * i };
    const ended = { taskId, labels, deltaSequence, latencyMs, measurements };
    await engine.recordTasks([taskOf({ ...ended, finishTimeMs: clock.now() })]);
  }
}

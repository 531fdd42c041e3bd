import { expect, test } from 'vitest';
import { startService } from '../support/sidecar/running-service.ts';

const YAML = `
cycle: { min_tasks: 1, analysis_window: 8 }
parameters: { level: { initial: 1 } }
rules:
  - { id: rare, when: window.measurements.rare > 1.0, type: metric, operation: modify, target: level,
      new_value: '2.0', reasoning: '"observed"', confidence: 0.9, impact: positive, mode: apply }
`;

test('names of measurements that a window has no room for are counted, and logged once', async () => {
  const { client, admin, lines, get } = await startService(YAML);
  const dropped = async () =>
    /^learning_measurement_names_dropped (\d+)$/m.exec(await (await get('/metrics')).text())?.[1];
  const record = async (from: number) => {
    for (let i = from; i < from + 8; i += 1) {
      const names = Array.from({ length: 60 }, (_, j) => [`n${i * 60 + j}`, 1]);
      // Only the first task carries what the rule asks for.
      const measurements = { ...Object.fromEntries(names), ...(i === 0 ? { rare: 2 } : {}) };
      await client.recordTask({ task: { taskId: `t${i}`, latencyMs: 1, measurements } });
    }
  };
  await record(0);
  const { cycle } = await admin.runCycle({});
  expect(cycle?.deltas).toMatchObject([{ ruleId: 'rare' }]);
  expect(await dropped()).toBe(String(480 - 255));
  await record(8);
  await admin.runCycle({});
  expect(await dropped()).toBe(String(480 - 255));
  expect(lines.filter((line) => line.dropped !== undefined)).toMatchObject([{ dropped: 225 }]);
});

import { describe, expect, test } from 'vitest';
import type { Task } from '../../src/domain/task.ts';
import { seededRandom } from '../support/engine/seed.ts';
import {
  createTrialFixture,
  type TrialFixture,
  type TrialText,
  trialYaml,
} from '../support/trials/trial-fixture.ts';

const OBJECTIVE = 'objective: { minimise: cost, subject_to: { success: -0.1 } }';

/** The new value costs a tenth; of its tasks, `lost` more fail. */
function cheaper(lost = 0, seed = 1) {
  const { next } = seededRandom(seed);
  return (level: unknown): Partial<Task> => ({
    status: next() < (level === 1 ? 0.97 - lost : 0.97) ? 'success' : 'failure',
    measurements: { cost: (level === 1 ? 0.1 : 1) * (0.5 + next()) },
  });
}

async function begun(text: TrialText): Promise<{ fixture: TrialFixture; deltaId: string }> {
  const fixture = await createTrialFixture(trialYaml(text));
  await fixture.news({ measurements: { cost: 1 } });
  return { fixture, deltaId: await fixture.begin() };
}

describe('a change under an objective', () => {
  test('is confirmed once its constraint is proven', async () => {
    const { fixture, deltaId } = await begun({ top: OBJECTIVE });
    expect(fixture.delta(deltaId).summary).toMatch(
      /To prove that success falls by less than 10 points takes about \d+ tasks of probation/,
    );
    await fixture.runUntil(deltaId, 'confirmed', cheaper());
    const { effect, summary } = fixture.delta(deltaId);
    expect(effect?.metrics.map(({ metric, isConstraint }) => [metric, isConstraint])).toEqual([
      ['cost', undefined],
      ['success', true],
    ]);
    expect(effect?.metrics[1]?.eNotWorse).toBeGreaterThanOrEqual(20);
    expect(summary).not.toMatch(/Not proven/);
    expect(fixture.level).toBe(1);
  });

  test('is taken back where the constraint is not proven by the end of probation', async () => {
    const { fixture, deltaId } = await begun({
      top: 'objective: { minimise: cost, subject_to: { success: -0.1, quality: -0.05 } }',
    });
    await fixture.runUntil(deltaId, 'reverted', cheaper(), 4000);
    expect(fixture.delta(deltaId)).toMatchObject({
      effect: { verdict: 'inconclusive' },
      summary: expect.stringMatching(
        /^Inconclusive while on probation: it may help, but that quality is worse by less than 5 % is proven at 1 to 1 only; 20 to 1 are needed, and what is not proven is taken back/,
      ),
    });
    expect(fixture.level).toBe(0);
  });

  test('is put back, too, when its proof is cut short', async () => {
    const { fixture, deltaId } = await begun({ top: OBJECTIVE });
    await fixture.runUntil(deltaId, 'provisional', cheaper());
    await fixture.setLevel(0);
    expect(fixture.delta(deltaId)).toMatchObject({ effect: { verdict: 'inconclusive' } });
    expect(fixture.level).toBe(0);
  });

  test('is not tried where its constraint could not be proven', async () => {
    const fixture = await createTrialFixture(
      trialYaml({ top: 'objective: { minimise: cost, subject_to: { success: -0.001 } }' }),
    );
    const [delta] = await fixture.cycle();
    expect(delta).toMatchObject({ state: 'proposed', waitsFor: 'trial' });
    const [rule] = fixture.engine.settings.rules;
    expect(rule && fixture.engine.ruleStatus(rule)).toMatchObject({
      waiting: expect.stringMatching(
        /that success falls by less than 0.1 points cannot be proven in 10,000 tasks of probation/,
      ),
      objective: 'lower cost (total); not worse: success by 0.1 points (constraint)',
    });
  });

  test('is not put in force unproven where tasks do not ask', async () => {
    const fixture = await createTrialFixture(
      trialYaml({
        assignment: 'auto',
        curation: 'mode: auto',
        top: 'objective: { minimise: cost, subject_to: { success: -0.001 } }',
      }).replace('mode: trial, ', ''),
    );
    const [delta] = await fixture.cycle();
    expect(delta).toMatchObject({
      state: 'rejected',
      summary: expect.stringMatching(/^Not put in force, since its constraints could not be/),
    });
    expect(fixture.level).toBe(0);
  });
});

describe('a utility', () => {
  const top = `objective: { utility: '(status == "success" ? 1.0 : 0.0) - measurements.cost' }`;

  test('is what the trial compares, and its receipts hold', async () => {
    const { fixture, deltaId } = await begun({ top });
    await fixture.runUntil(deltaId, 'confirmed', cheaper(0.02));
    const { effect } = fixture.delta(deltaId);
    expect(effect?.metrics).toMatchObject([{ metric: 'utility', statistic: 'total' }]);
    expect(effect?.metrics[0]?.estimate).toBeCloseTo(0.88, 1);
  });

  test('tells nothing of a task that it cannot be computed for, and that is said', async () => {
    const { fixture } = await begun({ top });
    for (let i = 0; i < 5; i += 1) await fixture.run();
    const report = await fixture.engine.runCycle();
    expect(report.utilityFailures).toMatchObject([
      { tasks: 5, message: expect.stringMatching(/^utility: /) },
    ]);
    expect((await fixture.engine.runCycle()).utilityFailures).toEqual([]);
    expect(fixture.trial?.evidence[0]?.sets).toBe(0);
  });
});

test('a p95 is that of the tasks before the trial', async () => {
  const fixture = await createTrialFixture(
    trialYaml({ top: 'objective: { minimise: latency, statistic: p95 }' }),
  );
  for (let i = 1; i <= 100; i += 1) await fixture.news({ latencyMs: i });
  const deltaId = await fixture.begin();
  expect(fixture.trial?.plan.primary).toMatchObject({ statistic: 'p95', exceeds: 100 });
  expect(fixture.delta(deltaId).summary).toMatch(
    /Compared is how many tasks exceed 100 ms of latency, as one in 20 did/,
  );
});

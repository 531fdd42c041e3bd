import { create, fromJsonString, type MessageInitShape } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';
import { formatGains } from '../../src/cli/gains-report.ts';
import { describeAmounts, describeCosts, describeGain } from '../../src/cli/gains-words.ts';
import { revert } from '../../src/engine/revert.ts';
import { DeltaState, Verdict } from '../../src/gen/learning/v1/delta_pb.ts';
import { GainAmountSchema, MetricGainSchema } from '../../src/gen/learning/v1/gains_pb.ts';
import { GetGainsResponseSchema } from '../../src/gen/learning/v1/learning_service_pb.ts';
import { tasksOf } from '../support/engine/engine-fixture.ts';
import { createServiceFixture } from '../support/engine/service-fixture.ts';
import { faster, slower, TrialFixture, trialYaml } from '../support/trials/trial-fixture.ts';
import { expectFailure, runHere } from './command-line.ts';

/** Confirmed soon, and every fifth task held back; another rule's value harms. */
const YAML = trialYaml({ rules: [{ more: 'guards: []' }], trial: 'holdback: 0.2' });

/** A service on whose ledger a value that saves 50 ms was confirmed, 150 tasks ago. */
async function gained(yaml = YAML) {
  const service = await createServiceFixture(yaml);
  const fixture = new TrialFixture(service);
  const finishTimeMs = fixture.clock.now();
  await fixture.engine.recordTasks(tasksOf(60, { latencyMs: 100, finishTimeMs }));
  const deltaId = await fixture.begin();
  await fixture.runUntil(deltaId, 'confirmed', faster);
  for (let i = 0; i < 150; i += 1) await fixture.run(faster);
  return { ...service, fixture, deltaId };
}

const report = async (address: string, ...flags: string[]) => {
  const { code, out, err } = await runHere(['report', '--target', address, ...flags]);
  expect([code, err]).toEqual([0, '']);
  return out;
};

test('says who took a change back that had been confirmed', async () => {
  const { address, engine, deltaId } = await gained();
  await engine.decide(revert(deltaId, 'no room'));
  expect(await report(address)).toMatch(
    /level 0 -> 1 .*: taken back 150 tasks after it had been confirmed: Reverted by an operator: no room/,
  );
});

describe('over the wire', () => {
  test('GetGains tells what the engine knows', async () => {
    const { client, deltaId, engine } = await gained();
    const answer = await client.getGains({});
    const { totals, tasks, holdingBack } = engine.gains();
    expect(answer).toMatchObject({
      tasks: BigInt(tasks),
      changes: [
        {
          ...{ deltaId, ruleId: 'raise', target: 'level', state: DeltaState.CONFIRMED },
          ...{ oldValue: { kind: { value: 0 } }, newValue: { kind: { value: 1 } } },
          ...{ tasks: 150n, tasksHeldBack: 30n, measuring: true, note: '' },
          gains: [
            { metric: 'latency', perTask: 50, groups: 30n, total: { metric: 'latency' } },
            { metric: 'success', higherIsBetter: true },
          ],
          predictions: [
            { madeWhen: DeltaState.PROVISIONAL, metric: 'latency', found: 50, held: true },
            { madeWhen: DeltaState.CONFIRMED, metric: 'latency', found: 50, held: true },
          ],
        },
      ],
      totals: totals.map(({ better: _, ...amount }) => amount),
      holdingBack: { tasks: BigInt(holdingBack.tasks) },
      ...{ unkept: [], unkeptCount: 0n, open: [], needed: [] },
      record: { promotions: 1n, confirmed: 1n, predictionsGraded: 2n, predictionsHeld: 2n },
    });
    expect(answer.sinceTime).toEqual(answer.changes[0]?.confirmTime);
  });

  test('report prints sentences', async () => {
    const { address, deltaId } = await gained();
    const out = await report(address);
    expect(out).toMatch(
      /^Since \d+ \w{3} \d{4}, 150 tasks: 1 confirmed change saved 6 task-seconds \(4\.05 to 7\.95\); no difference shown in success \(-\d+ to \d+ tasks\)\.\n\nConfirmed changes\n/,
    );
    expect(out).toContain(`  level 0 -> 1 by rule raise (${deltaId}), confirmed `);
    expect(out).toContain('150 tasks since, 30 of them held back\n');
    expect(out).toContain(
      '    latency: 50 ms less per task (33.8 to 66.2; 30 groups): saved 6 task-seconds',
    );
    expect(out).toMatch(/ {4}predicted at its promotion, latency: 50 ms less per task .*: held\n/);
    expect(out).toMatch(/holding back: 30 tasks kept the old value: cost 1\.5 task-seconds/);
    expect(out).toMatch(
      /trials and probations: \d+ counted tasks ran with the value that was not kept/,
    );
    expect(out).toContain('2 of 2 predictions held what the holdback found later; about 95 % are');
    expect(out).not.toContain('What it would take');
  });

  test('or a document in Markdown', async () => {
    const { address } = await gained();
    const out = await report(address, '--markdown');
    expect(out).toMatch(/^# What was gained\n\nSince .* saved 6 task-seconds/);
    expect(out).toMatch(/\n\n## Confirmed changes\n\n- level 0 -\\> 1 by rule raise/);
    expect(out).toMatch(/\n {2}- latency: 50 ms less per task/);
  });

  test('or the answer as JSON', async () => {
    const { address, client } = await gained();
    const out = await report(address, '--json');
    expect(fromJsonString(GetGainsResponseSchema, out)).toEqual(await client.getGains({}));
  });

  test('where nothing is proven it says so, and what it would take', async () => {
    const service = await createServiceFixture(trialYaml());
    const fixture = new TrialFixture(service);
    await fixture.engine.recordTasks(tasksOf(30, { finishTimeMs: fixture.clock.now() }));
    const deltaId = await fixture.begin();
    const open = await report(service.address);
    expect(open).toMatch(/^Nothing is proven: in 30 tasks no change was confirmed\.\n/);
    expect(open).toContain(
      `Being tried\n  level 0 -> 1 by rule raise (${deltaId}), on trial, 0 tasks counted so far`,
    );
    expect(open).toMatch(/What it would take\n {2}On trial, task by task: /);
    await fixture.runUntil(deltaId, 'reverted', slower, 300);
    expect(await report(service.address)).toMatch(
      /Not kept\n {2}level 0 -> 1 by rule raise \(\S+\): HARMED after \d+ tasks\n/,
    );
  });

  test('what is in force without proof is named', async () => {
    const service = await createServiceFixture(trialYaml({ rules: [{ more: 'mode: apply' }] }));
    const fixture = new TrialFixture(service);
    await fixture.engine.recordTasks(tasksOf(30, { finishTimeMs: fixture.clock.now() }));
    const [delta] = await fixture.cycle();
    expect(await report(service.address)).toContain(
      `In force, not proven\n  level 0 -> 1 by rule raise (${delta?.deltaId}), in force, 0 tasks counted so far`,
    );
  });

  test('a sidecar that is not there is named, and one form at a time is printed', async () => {
    const says = 'cannot reach a sidecar at 127.0.0.1:1: connect ECONNREFUSED 127.0.0.1:1';
    await expectFailure(['report', '--target', '127.0.0.1:1'], { code: 1, says });
    const both = ['report', '--json', '--markdown'];
    await expectFailure(both, { code: 2, says: /--json.*cannot be used with.*--markdown/ });
  });
});

const amounts = (...all: MessageInitShape<typeof GainAmountSchema>[]) =>
  all.map((one) => create(GainAmountSchema, one));

describe('amounts in words', () => {
  test.each([
    ['latency', false, 31.2, 24, 38.4, 'saved 31.2 task-hours (24 to 38.4)'],
    ['latency', false, 1, 0.5, 1.5, 'saved 1 task-hour (0.5 to 1.5)'],
    ['latency', false, -0.1, -0.2, -0.05, 'cost 6 task-minutes (3 to 12)'],
    ['success', true, 120.4, 80, 160, 'made 120 more tasks succeed (80 to 160)'],
    ['success', true, -1.2, -2, -0.6, 'made 1 more task fail (1 to 2)'],
    ['cost', false, 12_345.6, 9000, 15_000, 'saved 12,346 of cost (9,000 to 15,000)'],
    ['cost', false, -3, -5, -1, 'spent 3 more of cost (1 to 5)'],
    ['score', true, 3, 1, 5, 'gained 3 of score (1 to 5)'],
    ['score', true, -3, -5, -1, 'lost 3 of score (1 to 5)'],
    ['latency', false, 1, -1, 3, 'no difference shown in latency (-1 to 3 task-hours)'],
    ['success', true, 1, -10.2, 30, 'no difference shown in success (-10 to 30 tasks)'],
    ['cost', false, 1, -0.5, 3, 'no difference shown in cost (-0.5 to 3)'],
  ])(
    '%s, higher is better: %s, %d (%d to %d)',
    (metric, higherIsBetter, estimate, lower, upper, text) => {
      const own = { metric, higherIsBetter, estimate, lower, upper };
      expect(describeAmounts(amounts(own))).toBe(text);
      const turned = { ...own, estimate: -estimate, lower: -upper, upper: -lower };
      expect(describeCosts(amounts(turned))).toBe(text);
    },
  );

  test('of several metrics', () => {
    const saved = { metric: 'latency', estimate: 31, lower: 24, upper: 38 };
    const made = { metric: 'success', higherIsBetter: true, estimate: 120, lower: 80, upper: 160 };
    const none = { metric: 'cost', estimate: 1, lower: -1, upper: 3 };
    expect(describeAmounts(amounts(saved, none, made))).toBe(
      'saved 31 task-hours (24 to 38) and made 120 more tasks succeed (80 to 160); ' +
        'no difference shown in cost (-1 to 3)',
    );
    expect(describeAmounts([])).toBe('');
  });

  test.each([
    [
      { metric: 'success', higherIsBetter: true, perTask: 0.031, lower: 0.01, upper: 0.05 },
      'success: 3.1 points more per task (1 to 5; 40 groups)',
    ],
    [
      { metric: 'latency', perTask: -12, lower: -20, upper: -4 },
      'latency: 12 ms more per task (4 to 20; 40 groups)',
    ],
    [
      { metric: 'score', higherIsBetter: true, perTask: -2, lower: -3, upper: -1 },
      'score: 2 less per task (1 to 3; 40 groups)',
    ],
    [
      { metric: 'cost', perTask: 2, lower: -1, upper: 5 },
      'cost: no difference shown (-1 to 5; 40 groups)',
    ],
    [
      { metric: 'success', higherIsBetter: true, perTask: 0, lower: -0.03, upper: 0.03 },
      'success: no difference shown (-3 to 3 points; 40 groups)',
    ],
  ])('of a task: %o', (gain, text) => {
    expect(describeGain(create(MetricGainSchema, { ...gain, groups: 40n }))).toBe(text);
  });
});

test('a prediction is told whatever its interval holds', () => {
  const prediction = {
    ...{ madeWhen: DeltaState.CONFIRMED, metric: 'latency', perTask: 310, lower: -120, upper: 740 },
    ...{ found: 400, held: true },
  };
  const gains = create(GetGainsResponseSchema, { changes: [{ predictions: [prediction] }] });
  expect(formatGains(gains, { markdown: undefined })).toContain(
    'predicted at its confirmation, latency: 310 ms less per task (-120 to 740): held\n',
  );
});

test('what was tried again and again with the same verdict is told once', () => {
  const tried = (deltaId: string, verdict: Verdict, tasksUsed: bigint) => ({
    ...{ deltaId, ruleId: 'r', target: 't', verdict, tasksUsed },
  });
  const gains = create(GetGainsResponseSchema, {
    unkept: [
      tried('d4', Verdict.INCONCLUSIVE, 100n),
      tried('d3', Verdict.HARMED, 18n),
      tried('d2', Verdict.INCONCLUSIVE, 200n),
      { ...tried('d1', Verdict.HARMED, 30n), wasInForce: true, tasksConfirmed: 1200n },
    ],
    unkeptCount: 4n,
  });
  expect(formatGains(gains, { markdown: undefined })).toContain(
    `Not kept
  t nothing -> nothing by rule r (d3): HARMED after 18 tasks
  t nothing -> nothing by rule r (d1): HARMED 1,200 tasks after it had been confirmed
  t nothing -> nothing by rule r (d4): INCONCLUSIVE 2 times, the last time after 100 tasks
`,
  );
});

test('text of clients and configs cannot move the cursor, nor be taken for markup', () => {
  const evil = 'a\u001b[2J\u202e\n# b <img> `x` [l](u)\u0000';
  const change = { deltaId: evil, ruleId: evil, target: evil };
  const gains = create(GetGainsResponseSchema, {
    changes: [{ ...change, note: evil, newValue: { kind: { case: 'stringValue', value: evil } } }],
    unkept: [{ ...change, verdict: Verdict.OBSERVED, summary: evil }],
    unkeptCount: 12n,
    open: [{ ...change, summary: evil }],
    totals: [{ metric: evil, estimate: 1, lower: 0.5, upper: 2 }],
    needed: [evil],
  });
  const text = formatGains(gains, { markdown: undefined });
  const markdown = formatGains(gains, { markdown: true });
  for (const out of [text, markdown]) {
    expect(out.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    expect(out).not.toMatch(/^# b/m);
  }
  expect(markdown).not.toMatch(/(?<!\\)[<`]/);
  expect(text).toContain('and 11 more changes');
});

import { enumToJson, fromBinary, toBinary } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { bornApplied, bornDelta, DELTA_STATES, type Delta } from '../../src/domain/delta.ts';
import type { DeltaEffect, MetricEffect } from '../../src/domain/effect.ts';
import {
  DeltaSchema,
  type DeltaState,
  DeltaStateSchema,
  Statistic,
} from '../../src/gen/learning/v1/delta_pb.ts';
import { toProtoDelta, toStreamedDelta } from '../../src/wire/to-proto.ts';

const DELTA: Delta = bornDelta(
  {
    ...bornApplied(0),
    deltaId: 'd',
    ruleId: 'r',
    type: 'resource',
    operation: 'adjust',
    target: 'level',
    oldValue: 0,
    newValue: 1,
    reasoning: '',
  },
  1,
);

const METRIC: MetricEffect = {
  metric: 'outcome',
  statistic: 'median',
  estimate: 0.25,
  lower: 0.125,
  upper: 0.5,
  eHarm: 0.5,
  eHelp: 21,
  eNotWorse: 1,
  margin: undefined,
  tasksOld: 10,
  tasksNew: 11,
};

const nameOf = ({ state }: { state: DeltaState }) => enumToJson(DeltaStateSchema, state);

/** As a client gets it. */
function sent(effect: DeltaEffect) {
  return fromBinary(DeltaSchema, toBinary(DeltaSchema, toProtoDelta({ ...DELTA, effect }))).effect;
}

test.each(DELTA_STATES)('%s: its state has its name', (state) => {
  const told = nameOf(toProtoDelta({ ...DELTA, state }));
  expect(told).toBe(`DELTA_STATE_${state.toUpperCase()}`);
});

test.each(DELTA_STATES)('%s on a stream: what is in force is applied', (state) => {
  const isInForce = ['applied', 'provisional', 'confirmed'].includes(state);
  const told = nameOf(toStreamedDelta({ ...DELTA, state }));
  expect(told).toBe(isInForce ? 'DELTA_STATE_APPLIED' : `DELTA_STATE_${state.toUpperCase()}`);
});

test('only of a guard there is a margin, and none is not 0', () => {
  const guard = { ...METRIC, metric: 'success', statistic: 'share', eNotWorse: 40 } as const;
  const metrics = [METRIC, { ...guard, margin: 0.05 }];
  const effect = sent({ verdict: 'helped', metrics, tasksUsed: 21 });
  expect(effect?.metrics).toMatchObject([
    { metric: 'outcome', statistic: Statistic.MEDIAN, eNotWorse: 1, tasksOld: 10n, tasksNew: 11n },
    { metric: 'success', statistic: Statistic.SHARE, eNotWorse: 40, margin: 0.05 },
  ]);
  expect(effect?.metrics.map(({ margin }) => margin)).toEqual([undefined, 0.05]);
  expect(effect?.gains).toEqual([]);
});

test.each([
  ['median', Statistic.MEDIAN],
  ['total', Statistic.TOTAL],
  ['share', Statistic.SHARE],
  ['mean', Statistic.MEAN],
] as const)('statistic %s', (statistic, told) => {
  const metrics = [{ ...METRIC, statistic }];
  expect(sent({ verdict: 'helped', metrics, tasksUsed: 0 })?.metrics[0]?.statistic).toBe(told);
});

test('gains', () => {
  const gains = [{ metric: 'latency', perTask: 12.5, lower: -1, upper: 26, groups: 30 }];
  const effect = sent({ verdict: 'helped', metrics: [], tasksUsed: 0, gains });
  expect(effect?.gains).toMatchObject([
    { metric: 'latency', perTask: 12.5, lower: -1, upper: 26, groups: 30n },
  ]);
});

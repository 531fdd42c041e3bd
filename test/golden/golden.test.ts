import { create } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { reportMetrics } from '../../src/engine/record.ts';
import {
  GetDeltaStatusResponseSchema,
  GetStatusResponseSchema,
} from '../../src/gen/learning/v1/learning_service_pb.ts';
import { getDeltaStatus, getStatus } from '../../src/rpc/services/queries.ts';
import { fromProtoMetrics, fromProtoTask } from '../../src/wire/from-proto.ts';
import { toProtoCycle, toProtoDelta } from '../../src/wire/to-proto.ts';
import { createEngineFixture } from '../support/engine/engine-fixture.ts';
import { goldenVectors, type LoopPort, playVector } from '../support/engine/golden.ts';
import { referenceConfig } from '../support/engine/reference-config.ts';

/** A loop without a process, a socket or a clock of its own. */
async function loopOf(config: string): Promise<LoopPort> {
  const { engine, clock } = await createEngineFixture(config);
  const { state } = engine.ledger;
  return {
    record: (task) => engine.recordTasks([fromProtoTask(task, clock.now())]),
    report: (metrics) => engine.decide(reportMetrics(fromProtoMetrics(metrics, clock.now()))),
    async runCycle() {
      await clock.advance(30_000);
      const { cycle, deltas } = await engine.runCycle();
      return toProtoCycle(
        cycle,
        deltas.map((delta) => toProtoDelta(delta)),
      );
    },
    status: async () =>
      create(
        GetStatusResponseSchema,
        getStatus({ engine, subscribers: () => [], configError: () => '' }),
      ),
    deltaStatus: async () => create(GetDeltaStatusResponseSchema, getDeltaStatus(state, {})),
  };
}

test.for(goldenVectors())('$name: $about', async (vector) => {
  const played = await playVector(vector, await loopOf(referenceConfig(vector.config)));
  expect(played.cycles).toBeGreaterThan(0);
});

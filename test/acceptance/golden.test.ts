import { expect, test } from 'vitest';
import { adminClient, learningClient } from '../support/clients/clients.ts';
import { goldenVectors, playVector } from '../support/engine/golden.ts';
import { writeReferenceConfig } from '../support/engine/reference-config.ts';
import { startSidecar } from '../support/sidecar/sidecar.ts';
import { tempDir } from '../support/sidecar/temp-dir.ts';

test.for(goldenVectors())('over a socket, $name: $about', async (vector) => {
  const directory = tempDir();
  const config = writeReferenceConfig(directory, vector.config);
  const { address } = await startSidecar({ dataDir: directory, config });
  const client = learningClient(address);
  const admin = adminClient(address);
  const { cycles, deltas } = await playVector(vector, {
    record: (task) => client.recordTask({ task }),
    report: (metrics) => client.reportMetrics({ metrics }),
    runCycle: async () => (await admin.runCycle({})).cycle,
    status: () => client.getStatus({}),
    deltaStatus: () => client.getDeltaStatus({}),
  });
  expect(cycles).toBeGreaterThan(0);
  console.log(`${vector.name}: ${cycles} cycles and ${deltas} deltas as the original's`);
});

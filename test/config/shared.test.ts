import { expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';

/** As many as docs/kubernetes.md says that one sidecar is shared by. */
const CLIENTS = 5000;

test('the config of deploy/kubernetes/shared takes its clients, each with a stream', () => {
  const url = new URL('../../deploy/kubernetes/shared/config.yaml', import.meta.url);
  const { config, warnings } = loadConfig(url.pathname);
  expect(warnings).toEqual([]);
  const { maxConnections, maxStreams } = config.limits;
  for (const limit of [maxConnections, maxStreams]) expect(limit).toBeGreaterThan(CLIENTS);
  expect(config.ledger.backup).toMatchObject({ keep: 3, directory: undefined });
  expect(config.metrics.combine.subAgentCount).toBe('mean');
});

import type { Config } from '../../src/config/config.ts';
import { parseOrchestrator } from '../../src/rehearse/load-orchestrator.ts';
import { Planted } from '../../src/rehearse/planted.ts';
import { Truth } from '../../src/rehearse/truth.ts';
import { configOf } from '../support/engine/engine-fixture.ts';

/** A described orchestrator, and its truth for a config. */
export function worldOf(yaml: string, config: Config = configOf(PARAMETERS)) {
  const text = parseOrchestrator(yaml, 'world.yaml', Object.keys(config.parameters));
  const planted = new Planted(text);
  return { text, planted, truth: new Truth(planted, config, planted.kinds), config };
}

/** Two numbers and two names, without rules. */
export const PARAMETERS = `
parameters:
  agents: { initial: 4, min: 1, max: 64 }
  batch: { initial: 1, min: 1, max: 64, type: number }
  model: { initial: big, allowed: [big, mini] }
rules: []
`;

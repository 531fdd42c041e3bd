import { expect, test } from 'vitest';
import { ConfigError, formatFault } from '../../src/config/fault.ts';
import { parseOrchestrator } from '../../src/rehearse/load-orchestrator.ts';

const KINDS = 'kinds: { code: { latency_ms: 1000, measurements: { cost: 0.02 } } }';

/** The faults of a description for a config with the parameters agents and model. */
function faultsOf(text: string): readonly string[] {
  try {
    parseOrchestrator(text, 'world.yaml', ['agents', 'model']);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.faults.map(formatFault);
  }
}

test('the least that a description says', () => {
  const text = parseOrchestrator(`${KINDS}\nparameters: {}`, 'world.yaml', []);
  expect(text).toMatchObject({
    tasks_per_minute: 60,
    in_flight: 8,
    resolves: true,
    label: 'kind',
    kinds: { code: { share: 1, spread: 0.4, success: 0.95 } },
    noise: { tails: 'normal' },
    losses: { unreported: 0, hanging_seconds: 600 },
    conditions: [],
  });
});

test.for([
  ['', 'world.yaml:1: kinds: expected an object of kinds by name, found nothing'],
  [
    'kinds: {}\nparameters: {}',
    'world.yaml:1: kinds: expected at least one kind of tasks, found an object',
  ],
  [
    `${KINDS}\nparameters:\n  agnts: {}`,
    'world.yaml:3: parameters.agnts: expected a parameter of the config (agents, model), found "agnts" (did you mean "agents"?)',
  ],
  [
    `${KINDS}\nparameters:\n  model:\n    effects: { mini: { costs: 0.1 } }`,
    'world.yaml:4: parameters.model.effects.mini.costs: expected latency, success or a measurement of a kind (latency, success, cost), found "costs" (did you mean "cost"?)',
  ],
  [
    `${KINDS}\nparameters:\n  model:\n    effects: { mini: { cost: -0.1, success: 3 } }`,
    'world.yaml:4: parameters.model.effects.mini.cost: expected a factor above 0, found -0.1',
    'world.yaml:4: parameters.model.effects.mini.success: expected a difference of rates from -1 to 1, found 3',
  ],
  [
    `${KINDS}\nparameters: { agents: { curves: [{ optimum: 0, factor: 2 }, { optimum: 1 }] } }`,
    'world.yaml:2: parameters.agents.curves[0].optimum: expected a number above 0, or a step beside it, found 0',
    'world.yaml:2: parameters.agents.curves[1]: expected factor for latency, and not the other',
  ],
  [
    `${KINDS}\nparameters: {}\ninteractions: [{ between: [agents, model], factor: 2 }]`,
    'world.yaml:3: interactions[0].between[0]: expected a parameter here that has a curve of latency, found "agents"',
    'world.yaml:3: interactions[0].between[1]: expected a parameter here that has a curve of latency, found "model"',
  ],
  [
    `${KINDS}\nparameters: {}\nin_flite: 3`,
    expect.stringContaining('world.yaml:3: in_flite: expected one of tasks_per_minute, in_flight'),
  ],
  [
    `${KINDS}\nparameters: {}\nconditions: [{ when: { agents: { abov: 3 } }, effect: {}, kinds: [coda] }]`,
    expect.stringContaining('conditions[0].when.agents.abov: expected one of above, found "abov"'),
  ],
  [
    `${KINDS}\nparameters: {}\nconditions: [{ when: { agents: 3 }, effect: {}, kinds: [coda] }]`,
    'world.yaml:3: conditions[0].kinds[0]: expected one of the kinds (code), found "coda" (did you mean "code"?)',
  ],
] as const)('a faulty description: %s', ([text, ...expected]) => {
  expect(faultsOf(text)).toEqual(expect.arrayContaining(expected as unknown as string[]));
});

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { tempDir } from '../sidecar/temp-dir.ts';

export type Assignment = 'task' | 'switchback';

export const ASSIGNMENTS = ['task', 'switchback'] as const;

export interface TrialConfig {
  readonly assignment: Assignment | 'auto';
  readonly seed: number;
  /** Trial, unless it says otherwise; `null`: that of the default config. */
  readonly mode?: string | null;
  /** Parameters that are 0, and that a rule each wants to be 1; tried in this order. */
  readonly levels?: readonly string[];
  /** Further keys of `trial`. */
  readonly trial?: Readonly<Record<string, number>>;
}

/** Tasks take no time: pairs of blocks are counted soon. */
const SOON = { outcome_timeout_seconds: 1 };

/** Writes a config that tries one parameter after the other; cycles are run by hand. */
export function writeTrialConfig({
  assignment,
  seed,
  mode = 'trial',
  levels = ['level'],
  trial = {},
}: TrialConfig): string {
  const file = join(tempDir(), 'config.yaml');
  const config = {
    cycle: { enabled: false },
    curation: { ...(mode === null ? {} : { mode }), cooldown_seconds: 0 },
    parameters: Object.fromEntries(levels.map((name) => [name, { initial: 0 }])),
    rules: levels.map(ruleRaising),
    trial: { assignment, seed: String(seed), ...(assignment === 'task' ? {} : SOON), ...trial },
  };
  writeFileSync(file, stringify(config));
  return file;
}

function ruleRaising(target: string): Readonly<Record<string, unknown>> {
  return {
    id: `raise-${target}`,
    when: 'true',
    type: 'resource',
    operation: 'adjust',
    target,
    new_value: '1',
    reasoning: '"observed %"',
    confidence: 0.9,
    impact: 'positive',
  };
}

import { writeFileSync } from 'node:fs';
import { loadConfig } from '../config/load.ts';
import { printable } from '../domain/printable.ts';
import { loadOrchestrator } from '../rehearse/load-orchestrator.ts';
import { rehearse } from '../rehearse/rehearse.ts';
import { endWhenUnread, printLine } from './output.ts';
import { countOf } from './progress.ts';
import { rehearsalText } from './rehearsal-text.ts';
import { printWarnings } from './show-config.ts';

/** Options of `rehearse`. */
export interface RehearseOptions {
  readonly config: string | undefined;
  readonly orchestrator: string;
  readonly seeds: number;
  readonly tasks: number;
  /** A file for the figures as JSON. */
  readonly json: string | undefined;
}

/** Prints how a config fares in a described orchestrator. Throws `ConfigError`. */
export async function rehearseConfig(options: RehearseOptions): Promise<void> {
  endWhenUnread();
  const { orchestrator, seeds, tasks, json } = options;
  const loaded = loadConfig(options.config);
  const { config } = loaded;
  printWarnings(loaded);
  const text = loadOrchestrator(orchestrator, Object.keys(config.parameters));
  const isTerminal = process.stderr.isTTY;
  const rehearsal = await rehearse(config, text, {
    seeds,
    tasks,
    onRun: (done) => {
      if (isTerminal) process.stderr.write(`\r${done} of ${countOf(seeds, 'run')}\u001b[K`);
    },
  });
  if (isTerminal) process.stderr.write('\r\u001b[K');
  if (json !== undefined) writeFileSync(json, `${JSON.stringify(rehearsal, null, 2)}\n`);
  await printLine(rehearsalText(rehearsal, printable(orchestrator)));
  if (!config.cycle.enabled) {
    await printLine('cycle.enabled is false: nothing is learned until StartLearning is called');
  }
}

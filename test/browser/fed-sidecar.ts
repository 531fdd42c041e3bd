import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { Orchestrator } from '../../scripts/demo/orchestrator.ts';
import { readTasks } from '../../scripts/demo/tasks.ts';
import { LearningSidecar } from '../../src/client/learning-sidecar.ts';
import { type Sidecar, startSidecar } from '../support/sidecar/sidecar.ts';
import { tempDir } from '../support/sidecar/temp-dir.ts';

/** The rules of the demo: one change helps and one harms. */
const DEMO_CONFIG = 'scripts/demo/config.yaml';

/** A sidecar whose orchestrator runs the tasks of a real trace, over and over. */
export interface FedSidecar {
  readonly sidecar: Sidecar;
  readonly orchestrator: Orchestrator;
}

/** @param config a file */
export async function startFed(config = DEMO_CONFIG): Promise<FedSidecar> {
  const sidecar = await startSidecar({ dataDir: tempDir(), config });
  const client = new LearningSidecar({ target: sidecar.address, clientId: 'browser-test' });
  const orchestrator = new Orchestrator(client, readTasks());
  const running = orchestrator.run();
  onTestFinished(async () => {
    orchestrator.stop();
    await running;
    await client.close();
  });
  return { sidecar, orchestrator };
}

/** A config in a file, until the test ends. */
export function configFile(text: string): string {
  const path = join(tempDir(), 'config.yaml');
  writeFileSync(path, text);
  return path;
}

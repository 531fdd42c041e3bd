import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { credentials } from '@grpc/grpc-js';
import { LearningAdminService } from '../../src/gen/learning/v1/admin_service_pb.ts';
import { LearningService } from '../../src/gen/learning/v1/learning_service_pb.ts';
import { createClient, type ServiceClient } from '../../src/wire/client.ts';
import { type Child, runScript } from '../../test/support/sidecar/child.ts';
import type { World } from './world.ts';

/** A sidecar process with a ledger on disk, and clients. */
export interface FieldSidecar {
  readonly client: ServiceClient<typeof LearningService>;
  readonly admin: ServiceClient<typeof LearningAdminService>;
  /** Ends the process and deletes its ledger. */
  remove(): Promise<void>;
}

/** The parameter that the rule changes, and its values. */
export const TARGET = 'knob';
export const NEW_VALUE = 'b';
const OLD_VALUE = 'a';

const running = new Set<Child>();

process.once('exit', () => {
  for (const { process: child } of running) child.kill('SIGKILL');
});

/** Starts a sidecar whose first cycle begins a trial. */
export async function startFieldSidecar(
  directory: string,
  world: World,
  seed: number,
): Promise<FieldSidecar> {
  mkdirSync(directory, { recursive: true });
  const config = join(directory, 'config.json');
  writeFileSync(config, JSON.stringify(configOf(world, seed)));
  const child = runScript('src/main.ts', [
    ...['serve', '--listen', '127.0.0.1:0', '--admin-listen', '127.0.0.1:0'],
    ...['--data-dir', join(directory, 'data'), '--config', config],
  ]);
  running.add(child);
  const address = await child.find(readAddress);
  const options = { 'grpc.use_local_subchannel_pool': 1 };
  const insecure = credentials.createInsecure();
  const client = createClient(LearningService, address, insecure, options);
  const admin = createClient(LearningAdminService, address, insecure, options);
  return {
    client,
    admin,
    async remove() {
      client.close();
      admin.close();
      await child.end('SIGKILL');
      running.delete(child);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** A plain config with one rule; the timer is off, so that there is one cycle and one trial. */
function configOf({ name, trial, rule }: World, seed: number): object {
  return {
    cycle: { enabled: false },
    curation: { mode: 'trial' },
    trial: { seed: `${name}/${seed}`, ...trial },
    parameters: { [TARGET]: { initial: OLD_VALUE } },
    rules: [
      {
        id: 'change',
        when: 'true',
        type: 'strategy',
        operation: 'adjust',
        target: TARGET,
        new_value: `'${NEW_VALUE}'`,
        reasoning: '"observed %"',
        confidence: 0.9,
        impact: 'positive',
        ...rule,
      },
    ],
  };
}

function readAddress(line: string): string | undefined {
  const { listen }: { listen?: readonly string[] } = line.startsWith('{') ? JSON.parse(line) : {};
  return listen?.[0];
}

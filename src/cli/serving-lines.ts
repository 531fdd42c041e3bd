import { resolve } from 'node:path';
import type { Config } from '../config/config.ts';
import type { CurationMode } from '../domain/rule.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { IN_MEMORY } from './flags.ts';

const MODES: Record<CurationMode, string> = {
  auto: 'a change is tried first if tasks ask by their ids, else applied and compared',
  trial: 'a change is tried on half of the tasks first',
  apply: 'a change is applied at once',
  recommend: 'a change waits until a person approves it',
};

/** What to type before the name of a command: in a clone, or where the package is installed. */
const COMMAND = import.meta.url.endsWith('.ts') ? 'npm start --' : 'npx learning-sidecar';

/** What `serve` prints on a terminal when it serves. */
export function servingLines(
  { addresses, adminUrl }: Pick<Runtime, 'addresses' | 'adminUrl'>,
  { curation: { mode } }: Pick<Config, 'curation'>,
  { dataDir, config }: { readonly dataDir: string; readonly config: string | undefined },
): string[] {
  return [
    `serving  gRPC on ${addresses.join(', ')}; /healthz, /readyz and /metrics on ${adminUrl}`,
    `ledger   ${dataDir === IN_MEMORY ? 'in memory: lost when this process ends' : resolve(dataDir)}`,
    `mode     ${mode}: ${MODES[mode]}`,
    `config   ${config ?? 'built in: config/default.yaml'}`,
    `next     connect an orchestrator (docs/integration.md); ${COMMAND} watch --target ${addresses[0]}`,
  ];
}

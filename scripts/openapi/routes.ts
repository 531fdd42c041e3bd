import { pino } from 'pino';
import { Access } from '../../src/access/access.ts';
import { createApi } from '../../src/admin/api/api.ts';
import type { ApiRoute } from '../../src/admin/api/route-table.ts';
import { Gate } from '../../src/admin/web/gate.ts';
import { parseConfig } from '../../src/config/load.ts';
import { retentionOf } from '../../src/domain/settings.ts';
import { Engine } from '../../src/engine/engine.ts';
import { Ledger } from '../../src/ledger/ledger.ts';
import { createValidate } from '../../src/rpc/validation/validate.ts';
import { systemClock } from '../../src/runtime/system-clock.ts';
import { createMemoryStore } from '../../src/store/memory.ts';

/** The routes of the API, over an engine in memory. */
export function apiRoutes(): readonly ApiRoute[] {
  const { config: settings } = parseConfig('', 'none', 'yaml');
  const ledger = Ledger.open({
    store: createMemoryStore(),
    retention: retentionOf(settings),
    newEpoch: () => 'none',
    defer: setImmediate,
  });
  const clock = systemClock;
  const observer = { tasksRecorded() {}, cycleCompleted() {}, cycleFailed() {} };
  const engine = new Engine({ ledger, settings, clock, newId: () => 'none', observer });
  const log = pino({ enabled: false });
  const access = new Access(settings, { clock, watch: () => () => {}, log });
  const listener = { host: '127.0.0.1', isSecure: false };
  const api = createApi({
    ...{ engine, clock, validate: createValidate() },
    gate: new Gate({ access, clock, listener, hosts: () => [] }),
    subscribers: () => [],
    configError: () => '',
    newestBackupMs: () => undefined,
  });
  api.close();
  return api.routes;
}

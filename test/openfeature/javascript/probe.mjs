import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { FlagdProvider } from '@openfeature/flagd-provider';
import { OFREPProvider } from '@openfeature/ofrep-provider';
import { OpenFeature, ProviderEvents } from '@openfeature/server-sdk';

const client = OpenFeature.getClient();
const changed = new Set();
client.addHandler(ProviderEvents.ConfigurationChanged, ({ flagsChanged = [] } = {}) => {
  for (const name of flagsChanged) changed.add(name);
});

const COMMANDS = {
  versions: () => {
    const { dependencies } = JSON.parse(readFileSync(new URL('package.json', import.meta.url)));
    const names = Object.keys(dependencies).filter((name) => name.startsWith('@openfeature/'));
    return [`node ${process.versions.node}`, ...names.map((n) => `${n} ${dependencies[n]}`)].join(', ');
  },
  async open({ mode, host, port }) {
    const provider =
      mode === 'ofrep'
        ? new OFREPProvider({ baseUrl: `http://${host}:${port}` })
        : new FlagdProvider({ host, port, resolverType: mode, cache: 'lru' });
    await OpenFeature.setProviderAndWait(provider);
    return null;
  },
  async evaluate({ type, flag, default: fallback, context }) {
    const kind = { boolean: 'Boolean', string: 'String', object: 'Object' }[type] ?? 'Number';
    const startMs = performance.now();
    const details = await client[`get${kind}Details`](flag, fallback, context);
    const { value, variant = null, reason = null, errorCode: error = null } = details;
    return { value, variant, reason, error, ms: performance.now() - startMs };
  },
  changed: () => [...changed],
};

for await (const line of createInterface(process.stdin)) {
  const { id, do: command, ...fields } = JSON.parse(line);
  try {
    console.log(JSON.stringify({ id, ok: await COMMANDS[command](fields) }));
  } catch (error) {
    console.log(JSON.stringify({ id, failed: String(error?.message ?? error) }));
  }
}

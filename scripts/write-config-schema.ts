// Writes what is derived of the config: the JSON Schema for editors (config/schema.json, from the
// schema that files are checked by) and the embedded defaults (src/config/default-config.ts, from
// config/default.yaml). A test fails when either is stale.
import { readFileSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { configFileSchema } from '../src/config/schema.ts';

const root = new URL('../', import.meta.url);

const schema = z.toJSONSchema(configFileSchema, { io: 'input', unrepresentable: 'any' });
writeFileSync(new URL('config/schema.json', root), `${JSON.stringify(schema, null, 2)}\n`);

const defaults = readFileSync(new URL('config/default.yaml', root), 'utf8');
const quoted = defaults.replaceAll(/[\\`]|\$\{/g, (special) => `\\${special}`);
writeFileSync(
  new URL('src/config/default-config.ts', root),
  `// Generated from config/default.yaml by scripts/write-config-schema.ts; not to be edited.

/** The default config as YAML: the service runs without a file. */
export const DEFAULT_CONFIG = \`${quoted}\`;
`,
);

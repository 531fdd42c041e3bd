// Writes what is derived from the keys of the config: the JSON Schema for editors
// (config/schema.json) and the defaults, explained (config/default.yaml). Tests fail when either is
// stale.
import { writeFileSync } from 'node:fs';
import { configJsonSchema, defaultYaml } from './default-yaml.ts';

const folder = new URL('../config/', import.meta.url);
writeFileSync(new URL('schema.json', folder), `${JSON.stringify(configJsonSchema, null, 2)}\n`);
writeFileSync(new URL('default.yaml', folder), defaultYaml());

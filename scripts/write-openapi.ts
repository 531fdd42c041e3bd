// Writes docs/openapi.json, which describes the API of the admin listener, from its table of routes.
import { writeFileSync } from 'node:fs';
import { describeApi } from '../src/admin/api/openapi.ts';
import { apiRoutes } from './openapi/routes.ts';

const file = new URL('../docs/openapi.json', import.meta.url);
writeFileSync(file, `${JSON.stringify(describeApi(apiRoutes()), null, 2)}\n`);

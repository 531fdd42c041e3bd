import { parseArgs } from 'node:util';
import { formatTable, formatTargets, type Table } from '../scripts/report/table.ts';
import type { Samples, Scale } from './experiment.ts';
import { type Portion, playPortions } from './pool.ts';
import { SECTIONS, sectionOf } from './sections.ts';

const USAGE = `npm run simulate -- [--json] [--seed N] [--trials N] [--runs N] [--quick] [--only SECTION] [--skip SECTION]

Plays trials and whole orchestrators whose effects are known, with the same chance for everybody.
--json    one JSON document on stdout, for machines; the same seed gives the same
--seed    where chance begins: 1
--trials  null trials in each world: 2000; a fifth to a twentieth of other trials
--runs    runs of a whole orchestrator, each: 30
--quick   a twentieth of both
--only    one section, repeatable: ${Object.keys(SECTIONS).join(', ')}
--skip    all but one section, repeatable
`;

/** Portions of an experiment: small enough that workers finish at about the same time. */
const PORTIONS = 20;

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    seed: { type: 'string', default: '1' },
    trials: { type: 'string', default: '2000' },
    runs: { type: 'string', default: '30' },
    quick: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true, default: Object.keys(SECTIONS) },
    skip: { type: 'string', multiple: true, default: [] },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) process.stdout.write(USAGE);
else await simulate();

async function simulate(): Promise<void> {
  const part = values.quick ? 0.05 : 1;
  const scale: Scale = {
    seed: count(values.seed),
    trials: Math.ceil(count(values.trials) * part),
    runs: Math.ceil(count(values.runs) * part),
  };
  const tables: Table[] = [];
  for (const name of values.only.filter((one) => !values.skip.includes(one))) {
    const startedMs = performance.now();
    const own = await tablesOf(name, scale);
    tables.push(...own);
    const seconds = Math.round((performance.now() - startedMs) / 1000);
    console.error(`${name}: ${seconds} s`);
    if (!values.json) console.log(`\n${own.map(formatTable).join('\n\n')}`);
  }
  if (values.json) console.log(JSON.stringify({ scale, tables }, null, 2));
  else console.log(`\n${formatTargets(tables)}`);
}

async function tablesOf(section: string, scale: Scale): Promise<Table[]> {
  const portions = sectionOf(section)
    .experiments(scale)
    .flatMap(({ name, runs }) => portionsOf(section, name, runs));
  const played = await playPortions(scale, portions);
  const samples = new Map<string, Record<string, number[]>>();
  portions.forEach(({ experiment }, i) => {
    const all = samples.get(experiment) ?? {};
    samples.set(experiment, all);
    for (const [figure, numbers] of Object.entries(played[i] ?? {})) {
      all[figure] = [...(all[figure] ?? []), ...numbers];
    }
  });
  return sectionOf(section).tables(scale, (name): Samples => samples.get(name) ?? {});
}

function portionsOf(section: string, experiment: string, runs: number): Portion[] {
  const size = Math.ceil(runs / PORTIONS);
  return Array.from({ length: Math.ceil(runs / size) }, (_, i) => ({
    section,
    experiment,
    from: i * size,
    to: Math.min((i + 1) * size, runs),
  }));
}

function count(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new Error(`${text} is no count\n\n${USAGE}`);
  return value;
}

import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chosenLanguages } from './languages.ts';
import { SCENARIOS } from './scenarios.ts';

/** What one language made of the scenarios. */
export interface Column {
  readonly name: string;
  /** Of the language and its libraries; or why there are none. */
  versions: string;
  /** By the scenario's name. */
  readonly cells: Record<string, string>;
  readonly figures: string[];
}

/** Names the folder in which each language, a process of its own, leaves its column. */
export const RESULTS = 'CONFORMANCE_RESULTS';

/** Before all languages. */
export function setup(): void {
  process.env[RESULTS] = mkdtempSync(join(tmpdir(), 'learning-conformance-'));
}

/** After all of them: prints the table. */
export function teardown(): void {
  const folder = process.env[RESULTS];
  if (folder === undefined) return;
  console.log(tableOf(chosenLanguages().map(({ name }) => readColumn(folder, name))));
  rmSync(folder, { recursive: true, force: true });
}

function readColumn(folder: string, name: string): Column {
  const file = join(folder, `${name}.json`);
  // Written by `conform`.
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as Column;
  return { name, versions: 'did not come to its end', cells: {}, figures: [] };
}

function tableOf(columns: readonly Column[]): string {
  const rows = [
    ['conformance', ...columns.map(({ name }) => name)],
    ...SCENARIOS.map(({ name }) => [name, ...columns.map(({ cells }) => cells[name] ?? '-')]),
  ];
  const width = (i: number) => Math.max(...rows.map((row) => row[i]?.length ?? 0));
  const lines = rows.map((row) => row.map((text, i) => text.padEnd(width(i))).join('  '));
  const versions = columns.map(({ name, versions }) => `${name}: ${versions}`);
  return [...lines, ...versions, ...columns.flatMap(({ figures }) => figures)].join('\n');
}

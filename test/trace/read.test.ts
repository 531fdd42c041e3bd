import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readBatches } from '../../src/trace/batches.ts';
import { formatPlace, readTrace, sizeOfTrace } from '../../src/trace/read.ts';
import { tempDir } from '../support/sidecar/temp-dir.ts';

function traceOf(content: string | Uint8Array): string {
  const file = join(tempDir(), 'trace.ndjson');
  writeFileSync(file, content);
  return file;
}

/** Lines as `line id` or `line: fault`. */
async function linesOf(content: string | Uint8Array): Promise<string[]> {
  const found: string[] = [];
  for await (const lines of readTrace(traceOf(content))) {
    for (const { place, task, fault } of lines.map((line) => ({ task: undefined, ...line }))) {
      found.push(fault === undefined ? `${place.line} ${task?.taskId}` : `${place.line}: ${fault}`);
    }
  }
  return found;
}

test('lines, blank or not, with any end', async () => {
  const text = '\uFEFF{"taskId":"a"}\r\n\n  \n{"task_id":"b"}\n{"taskId":"c"}';
  expect(await linesOf(text)).toEqual(['1 a', '4 b', '5 c']);
  expect(await linesOf('')).toEqual([]);
});

test('a latency that is not there is none, and not 0', async () => {
  const latencies: unknown[] = [];
  const trace = traceOf('{}\n{"latencyMs":null}\n{"latencyMs":0}\n{"latency_ms":2}\n');
  for await (const lines of readTrace(trace)) {
    latencies.push(...lines.map((line) => 'task' in line && line.task.latencyMs));
  }
  expect(latencies).toEqual([undefined, undefined, 0, 2]);
});

test('what stands over two reads is one line', async () => {
  const labels = { text: 'é'.repeat(100) };
  const ids = Array.from({ length: 2000 }, (_, i) => `task-${i}`);
  const text = ids.map((taskId) => JSON.stringify({ taskId, labels })).join('\n');
  expect(await linesOf(text)).toEqual(ids.map((id, index) => `${index + 1} ${id}`));
});

test.each([
  ['nonsense', /^1: expected a Task in JSON on one line: /],
  ['{"latencyMs":1', /^1: expected a Task in JSON on one line: .* at column 15$/],
  ['[]', /^1: expected a Task as a JSON object, got /],
  ['{"colour":1}', /^1: expected the fields of a Task; there is no "colour"$/],
  ['{"latencyMs":"x"}', /^1: latency_ms: expected number/],
  ['{"latencyMs":-1}', /^1: latency_ms: must be greater than or equal to 0$/],
  ['{"status":"OK"}', /^1: status: expected TASK_STATUS_UNSPECIFIED, .*; got "OK"$/],
  ['{"finishTime":"yesterday"}', /^1: finish_time: expected a time such as /],
  ['{"labels":{"a":1}}', /^1: labels: .*expected string, got 1$/],
  [`{"taskId":"${'x'.repeat(257)}"}`, /^1: task_id: must be at most 256 bytes$/],
])('%j is named, with what was expected', async (text, expected) => {
  const [line] = await linesOf(`${text}\n`);
  expect(line).toMatch(expected);
});

test('invalid UTF-8, and a line without an end in sight, are named and passed', async () => {
  const good = Buffer.from('{"taskId":"a"}\n');
  const bad = Buffer.from([0x22, 0xff, 0x22, 0x0a]);
  expect(await linesOf(Buffer.concat([bad, good]))).toEqual(['1: expected valid UTF-8', '2 a']);
  const long = Buffer.concat([Buffer.alloc(3_000_000, 0x20), Buffer.from('\n')]);
  const fault = 'expected a line of at most 1048576 bytes';
  expect(await linesOf(Buffer.concat([long, good, long]))).toEqual([
    `1: ${fault}`,
    '2 a',
    `3: ${fault}`,
  ]);
});

test('batches go on over files, and know their bytes', async () => {
  const files = ['a', 'b'].map((name) => traceOf(`{"taskId":"${name}"}\n`.repeat(3)));
  const batches: { ids: string; last: string; bytes: number }[] = [];
  for await (const batch of readBatches({ files, size: 4, onBadLine: () => false })) {
    batches.push({
      ids: batch.tasks.map(({ taskId }) => taskId).join(''),
      last: formatPlace(batch.places.at(-1) ?? { file: '', line: 0 }),
      bytes: batch.bytesThrough,
    });
  }
  expect(batches).toEqual([
    { ids: 'aaab', last: `${files[1]}:1`, bytes: 4 * 15 },
    { ids: 'bb', last: `${files[1]}:3`, bytes: 6 * 15 },
  ]);
  expect(sizeOfTrace(files[0] ?? '')).toBe(45);
});

test('a file that is none is named', async () => {
  const directory = tempDir();
  expect(() => sizeOfTrace(directory)).toThrow(`cannot read ${directory}: it is a directory`);
  expect(() => sizeOfTrace('/nowhere/x')).toThrow('cannot read /nowhere/x: ENOENT');
  expect(sizeOfTrace('-')).toBeUndefined();
  await expect(readTrace(directory).next()).rejects.toThrow(`cannot read ${directory}: EISDIR`);
});

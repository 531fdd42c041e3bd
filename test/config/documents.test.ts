import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { parseJsonDocument, parseYamlDocument } from '../../src/config/parse-document.ts';
import { suggest } from '../../src/config/suggest.ts';

const json = fc
  .jsonValue({ maxDepth: 5 })
  .filter((value) => !JSON.stringify(value).includes('__proto__'));
const indents = fc.constantFrom(undefined, 2, '\t');

describe('parseJsonDocument', () => {
  test('reads what JSON.parse reads', () => {
    fc.assert(
      fc.property(json, indents, (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        const document = parseJsonDocument(` \r\n${text}\n`);
        expect(document.faults).toEqual([]);
        expect(document.data).toEqual(JSON.parse(text));
      }),
      { numRuns: 500 },
    );
  });

  test('refuses what JSON.parse refuses', () => {
    const pieces = ['{', '}', '[', ']', ',', ':', '"a"', '"\\u12"', "'a'", '01', '1.', '-', '1e5'];
    const text = fc
      .array(fc.constantFrom(...pieces, 'tru', 'true', 'null', ' ', '\n', '//', '"\t"', '"\\x"'), {
        maxLength: 8,
      })
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(text, (candidate) => {
        let valid = true;
        try {
          JSON.parse(candidate);
        } catch {
          valid = false;
        }
        const { faults } = parseJsonDocument(candidate);
        const syntax = faults.filter((fault) => fault.message.startsWith('expected JSON'));
        expect(syntax.length === 0).toBe(valid);
      }),
      { numRuns: 5000 },
    );
  });

  test('knows the line of every part', () => {
    const document = parseJsonDocument('{\n"a": [\n1,\n{"b":\n2}\n]\n}');
    expect(document.lineOf(['a'])).toBe(2);
    expect(document.lineOf(['a', 0])).toBe(3);
    expect(document.lineOf(['a', 1, 'b'])).toBe(4);
    expect(document.lineOf(['a', 1, 'missing'])).toBe(4);
    expect(document.lineOf(['missing'])).toBe(1);
  });
});

describe('parseYamlDocument', () => {
  test('reads what the package reads', () => {
    fc.assert(
      fc.property(json, (value) => {
        const text = stringify(value);
        const document = parseYamlDocument(text);
        expect(document.faults).toEqual([]);
        expect(document.data ?? null).toEqual(parse(text));
      }),
      { numRuns: 500 },
    );
  });

  test('knows the lines of texts', () => {
    const text = 'a: |\n  one\n  two\nb: >-\n  one\n  two\nc:\n  "x"\nd: *e\n';
    const document = parseYamlDocument(text.replace('d: *e\n', ''));
    expect(document.lineOf(['a'])).toBe(1);
    expect(document.textLineOf(['a'], 1)).toBe(3);
    expect(document.textLineOf(['b'], 1)).toBe(5);
    expect([document.lineOf(['c']), document.textLineOf(['c'], 0)]).toEqual([7, 8]);
  });

  test('an alias means the anchor last given before it', () => {
    const document = parseYamlDocument('a: &x 1\nb: *x\nc: &x 2\nd: [*x]\n');
    expect(document.data).toEqual({ a: 1, b: 1, c: 2, d: [2] });
  });

  test.each([
    '!!binary aGVsbG8=',
    '!!timestamp 2026-01-01',
    '!!omap [a: 1]',
    '!!pairs [a: 1]',
    '!!set {a}',
    '!own 1',
  ])('a tag that gives what JSON does not have is a fault of its line: %s', (value) => {
    const { faults } = parseYamlDocument(`a: 1\nb: ${value}\n`);
    expect(faults).toMatchObject([{ line: 2, message: expect.stringMatching(/Unresolved tag/) }]);
  });

  test('tags of what JSON has are read', () => {
    expect(parseYamlDocument('a: !!str 1\nb: !!int 2\nc: !!map {d: !!bool true}\n').data).toEqual({
      ...{ a: '1', b: 2 },
      c: { d: true },
    });
  });

  test('many aliases are no fault', () => {
    const text = `a: &a 1\nb: [${'*a,'.repeat(100_000)}]\n`;
    expect(parseYamlDocument(text).faults).toEqual([]);
  }, 60_000);
});

describe('suggest', () => {
  const names = ['min_tasks', 'history_limit', 'mode'];

  test.each([
    ['min_task', 'min_tasks'],
    ['minTasks', 'min_tasks'],
    ['mni_tasks', 'min_tasks'],
    ['HISTORY-LIMIT', 'history_limit'],
    ['mod', 'mode'],
  ])('%s is taken for %s', (found, meant) => {
    expect(suggest(found, names)).toBe(` (did you mean "${meant}"?)`);
  });

  test.each(['banana', 'x', '', 'model_name'])('%j is taken for none', (found) => {
    expect(suggest(found, names)).toBe('');
  });
});

import { fromBinary } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Value } from '../../../src/domain/value.ts';
import type { Resolved } from '../../../src/engine/resolve.ts';
import {
  Arm,
  ResolveParametersResponseSchema,
} from '../../../src/gen/learning/v1/learning_service_pb.ts';
import { ResolvedAnswers } from '../../../src/rpc/services/resolved-answers.ts';

const LIST: Value = [1, 2];

/** Few of each, so that one answer is often like the one before. */
const resolved: fc.Arbitrary<Resolved> = fc.record({
  parameters: fc.dictionary(
    fc.constantFrom('a', 'b', 'toString'),
    fc.constantFrom<Value>(0, -0, 1, '1', null, true, LIST, { n: 1 }),
    { maxKeys: 2, noNullPrototype: true },
  ),
  deltaSequence: fc.constantFrom(0, 1),
  assignments: fc.subarray<Resolved['assignments'][number]>(
    [
      { deltaId: 'x', arm: 'old', stage: 'probation' },
      { deltaId: 'x', arm: 'new', stage: 'probation' },
      { deltaId: 'y', arm: 'new', stage: 'holdback' },
      { deltaId: 'y', arm: 'new', stage: 'trial' },
    ],
    { maxLength: 2 },
  ),
});

// Not bytes: the order of a map's entries says nothing.
const decode = (bytes: Uint8Array) => fromBinary(ResolveParametersResponseSchema, bytes);

test('an answer says what is in force, whatever was answered before', () => {
  fc.assert(
    fc.property(fc.array(resolved, { minLength: 2, maxLength: 30 }), (all) => {
      const answers = new ResolvedAnswers('e');
      for (const one of all) {
        expect(decode(answers.answer(one))).toEqual(decode(new ResolvedAnswers('e').answer(one)));
      }
    }),
    { numRuns: 500 },
  );
});

test('one that is like the one before is not encoded again', () => {
  const answers = new ResolvedAnswers('e');
  const one = { parameters: { level: 1, list: LIST }, deltaSequence: 7 };
  const onTrial = () => [{ deltaId: 'x', arm: 'new', stage: 'trial' } as const];
  const first = answers.answer({ ...one, assignments: [] });
  const second = answers.answer({ ...one, assignments: onTrial() });
  expect(answers.answer({ ...one, parameters: { ...one.parameters }, assignments: [] })).toBe(
    first,
  );
  expect(answers.answer({ ...one, assignments: onTrial() })).toBe(second);
  expect(decode(second)).toMatchObject({
    deltaSequence: 7n,
    epoch: 'e',
    trialDeltaId: 'x',
    arm: Arm.NEW,
  });
});

test('all assignments are told, and apart from them the one on trial, else the first', () => {
  const held = { deltaId: 'h', arm: 'old', stage: 'holdback' } as const;
  const proven = { deltaId: 'p', arm: 'new', stage: 'probation' } as const;
  const tried = { deltaId: 't', arm: 'new', stage: 'trial' } as const;
  const told = (assignments: Resolved['assignments']) => {
    const resolved = { parameters: {}, deltaSequence: 1, assignments };
    return decode(new ResolvedAnswers('e').answer(resolved));
  };
  expect(told([])).toMatchObject({ trialDeltaId: '', arm: Arm.UNSPECIFIED, assignments: [] });
  expect(told([held, proven])).toMatchObject({
    trialDeltaId: 'h',
    arm: Arm.OLD,
    assignments: [
      { deltaId: 'h', arm: Arm.OLD },
      { deltaId: 'p', arm: Arm.NEW },
    ],
  });
  expect(told([held, proven, tried])).toMatchObject({ trialDeltaId: 't', arm: Arm.NEW });
});

test('of ever more assignments, only the newest answers are kept', () => {
  const answers = new ResolvedAnswers('e');
  const answer = (deltaId: string) =>
    answers.answer({
      parameters: {},
      deltaSequence: 1,
      assignments: [{ deltaId, arm: 'old', stage: 'holdback' }],
    });
  const first = answer('first');
  for (let i = 0; i < 255; i += 1) answer(`other${i}`);
  expect(answer('first')).toBe(first);
  answer('one more');
  expect(answer('first')).not.toBe(first);
  expect(answer('other252')).toBe(answer('other252'));
});

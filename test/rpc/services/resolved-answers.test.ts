import { fromBinary } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Value } from '../../../src/domain/value.ts';
import type { Resolved } from '../../../src/engine/resolve.ts';
import { ResolveParametersResponseSchema } from '../../../src/gen/learning/v1/learning_service_pb.ts';
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
  trial: fc.constantFrom<Resolved['trial']>(
    undefined,
    { deltaId: 'x', arm: 'old' },
    { deltaId: 'x', arm: 'new' },
    { deltaId: 'y', arm: 'new' },
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
  const first = answers.answer({ ...one, trial: undefined });
  const onTrial = answers.answer({ ...one, trial: { deltaId: 'x', arm: 'new' } });
  expect(answers.answer({ ...one, parameters: { ...one.parameters }, trial: undefined })).toBe(
    first,
  );
  expect(answers.answer({ ...one, trial: { deltaId: 'x', arm: 'new' } })).toBe(onTrial);
  expect(decode(onTrial)).toMatchObject({
    deltaSequence: 7n,
    epoch: 'e',
    trialDeltaId: 'x',
    arm: 2,
  });
});

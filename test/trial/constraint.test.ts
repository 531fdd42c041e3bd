import { describe, expect, test } from 'vitest';
import { OUTCOME } from '../../src/domain/effect.ts';
import { isThinned } from '../../src/trial/verdict.ts';
import { shown, trialWith, verdictOf } from '../support/trials/shown-evidence.ts';
import { SUCCESS_GUARD } from '../support/trials/trial-bench.ts';

describe('a constraint', () => {
  const probation = (evidence: Parameters<typeof trialWith>[0], fields = {}) =>
    trialWith(evidence, { stage: 'probation', ...fields });
  const held = { ...SUCCESS_GUARD, isConstraint: true } as const;
  const evidence = (peak: number, proven: number) => [
    shown(OUTCOME, { peak, help: peak, difference: -0.2 }),
    { ...shown(held, { proven }), beyond: [1] },
  ];

  test.each([
    [200, 20, 'helped'],
    [200, 19.9, 'inconclusive'],
    [199.9, 20, 'inconclusive'],
  ])('at the end of probation with %d to 1 and %d to 1: %s', (peak, proven, verdict) => {
    expect(verdictOf(probation(evidence(peak, proven), { assigned: 3000 }))).toBe(verdict);
  });

  test('holds up the confirmation, and keeps groups frequent', () => {
    expect(verdictOf(probation(evidence(200, 19.9)))).toBe('goes on');
    expect(isThinned(probation(evidence(200, 19.9)))).toBe(false);
    expect(isThinned(probation(evidence(200, 20)))).toBe(true);
  });
});

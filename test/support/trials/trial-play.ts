import { retentionOf } from '../../../src/domain/settings.ts';
import type { LedgerEvent } from '../../../src/ledger/event.ts';
import { Ledger } from '../../../src/ledger/ledger.ts';
import type { SyncLedgerStore } from '../../../src/ledger/store.ts';
import { otherArm } from '../../../src/trial/arm.ts';
import type { TrialPlan } from '../../../src/trial/plan.ts';
import { firstHash, type Receipt, sealStep } from '../../../src/trial/receipt.ts';
import type { TrialStep } from '../../../src/trial/step.ts';
import { configOf, taskOf } from '../engine/engine-fixture.ts';
import { seededRandom } from '../engine/seed.ts';
import { Player, type PlayerSetup } from './trial-player.ts';

/** What a trial is played with. */
export interface PlaySetup extends PlayerSetup {
  /** Left as it is after this task. */
  readonly leaveAt?: number;
}

/** A played trial. */
export interface Played {
  readonly plan: TrialPlan;
  readonly receipts: readonly Receipt[];
}

/** Plays a trial as the engine does, in virtual time, until it ends. */
export function playTrial(setup: PlaySetup): Played {
  const player = new Player(setup);
  for (let i = 1; player.trial !== undefined && i < (setup.leaveAt ?? 5000); i += 1) player.beat(i);
  return { plan: player.plan, receipts: player.receipts };
}

const START_MS = Date.UTC(2026, 0, 1);

/** The same steps, but for one that is changed, in a chain that fits: a forger's work. */
export function reseal(
  { plan, receipts }: Played,
  change: (step: TrialStep, number: number) => TrialStep | undefined,
): Receipt[] {
  const sealed: Receipt[] = [];
  for (const receipt of receipts) {
    const step = change(receipt.step, receipt.number);
    if (step === undefined) continue;
    const former = sealed.at(-1)?.hash ?? firstHash(plan.deltaId);
    const isHeld = step.step === 'renew' && step.former === receipts[receipt.number - 2]?.hash;
    sealed.push(sealStep(former, sealed.length + 1, isHeld ? { ...step, former } : step));
  }
  return sealed;
}

/** The steps with every arm turned round. */
export function turned(step: TrialStep): TrialStep {
  return 'arm' in step ? { ...step, arm: otherArm(step.arm) } : step;
}

/** Writes trials into a store as the engine would, one after the other, and closes it. */
export async function writeTrials(
  store: SyncLedgerStore,
  trials: readonly Played[],
): Promise<void> {
  const ledger = Ledger.open({
    store,
    retention: retentionOf(configOf('')),
    newEpoch: () => 'epoch-1',
    defer: () => {},
  });
  const random = seededRandom(1);
  const commit = async (...events: LedgerEvent[]) => {
    const committed = ledger.transact(() => ({ events, result: () => {} }));
    await ledger.flush();
    await committed;
  };
  for (const [index, { plan, receipts }] of trials.entries()) {
    await commit(proposed(plan, index + 1));
    for (let from = 0; from < receipts.length; ) {
      const count = random.between(1, 4);
      const { deltaId } = plan;
      const tasks = [taskOf({ taskId: `${deltaId}-${from}` })];
      const advanced = receipts
        .slice(from, from + count)
        .map((one) => ({ kind: 'trial_advanced', deltaId, receipts: [one] }) as const);
      await commit({ kind: 'tasks_recorded', tasks }, ...advanced);
      from += count;
    }
  }
  await ledger.close();
}

function proposed(plan: TrialPlan, ordinal: number): LedgerEvent {
  const { deltaId, ruleId, target, oldValue, newValue } = plan;
  return {
    kind: 'delta_proposed',
    ordinal,
    proposal: {
      ...{ deltaId, ruleId, target, oldValue, newValue },
      type: 'resource',
      operation: 'modify',
      reasoning: 'it is slow',
      confidence: 0.8,
      impact: 'positive',
      proposeTimeMs: START_MS,
      cycleNumber: 1,
      evaluation: undefined,
      expireTimeMs: undefined,
      waitsFor: 'trial',
      revertsDeltaId: '',
      trialDeltaId: '',
      summary: '',
    },
  };
}

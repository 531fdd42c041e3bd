import { eventsAt } from '../../ledger/events-at.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import type { Receipt } from '../../trial/receipt.ts';
import type {
  HoldbackRenewed,
  TrialConfirmed,
  TrialEnded,
  TrialPromoted,
  TrialStep,
} from '../../trial/step.ts';
import type { Stage } from '../../trial/trial.ts';
import { json } from '../web/answers.ts';
import { requireDelta } from './history.ts';
import { DELTA_ID } from './reads.ts';
import { type ApiRoute, apiRoute, wholeIn } from './route-table.ts';
import { described, FLAG, listOf, NUMBER, objectOf, type Schema, TEXT, WHOLE } from './schema.ts';

/** Bounds of a page; its last event may go beyond them. */
const MAX_PAGE_RECEIPTS = 1000;
const MAX_PAGE_BYTES = 1024 * 1024;

type StageEndStep = TrialPromoted | TrialConfirmed | HoldbackRenewed | TrialEnded;

/** A stage of a trial that has ended, or a part of its holdback. */
interface EndedStage {
  readonly stage: Stage;
  readonly firstReceipt: number;
  readonly lastReceipt: number;
  /** The step that ended it. */
  readonly end: StageEndStep['step'];
  /** Its seed, disclosed. */
  readonly seed: string;
}

/** A receipt, and the position of its row. */
interface PlacedReceipt {
  readonly position: number;
  readonly content: Receipt;
}

const STAGE: Schema = objectOf({
  stage: { type: 'string', enum: ['trial', 'probation', 'holdback'] },
  firstReceipt: WHOLE,
  lastReceipt: WHOLE,
  end: { type: 'string', enum: ['promote', 'confirm', 'renew', 'end'] },
  seed: described(TEXT, 'What its coins were made from'),
});

/**
 * The route of a trial's receipts: those of stages that have ended. A receipt of an open stage would tell coins that
 * are still to come, as the second task of a pair gets the other arm than the first.
 */
export function receiptsRoute(ledger: Ledger): ApiRoute {
  return apiRoute({
    method: 'GET',
    path: '/deltas/:id/receipts',
    who: 'reader',
    doc: {
      id: 'getDeltaReceipts',
      summary: "Receipts of a trial's ended stages, and what else an audit of them needs; paged",
      parameters: [
        DELTA_ID,
        {
          name: 'page_token',
          in: 'query',
          description: "The former page's nextPageToken",
          schema: TEXT,
        },
      ],
      response: objectOf({
        deltaId: TEXT,
        stages: listOf(STAGE),
        receipts: listOf(objectOf({ position: WHOLE, content: { type: 'object' } })),
        retrials: listOf(objectOf({}, { startMs: NUMBER, helpedMs: NUMBER })),
        mayLackRetrials: FLAG,
        withheld: described(TEXT, 'Why no receipts are told; empty if they are'),
        nextPageToken: described(TEXT, 'Empty on the last page'),
      }),
    },
    async handle(asked) {
      const deltaId = asked.params.id ?? '';
      requireDelta(ledger, deltaId);
      const after = wholeIn(asked, 'page_token', { from: 0, to: Number.MAX_SAFE_INTEGER }) ?? 0;
      return json(await receiptsOf(ledger, deltaId, after));
    },
  });
}

const WITHHELD =
  'trial.seed makes the coins repeatable: receipts would tell those of stages to come. The command audit checks them';

async function receiptsOf(ledger: Ledger, deltaId: string, after: number) {
  const { deltaRows } = ledger.state;
  const isWithheld = deltaRows.isRepeatable(deltaId);
  const page = isWithheld
    ? { receipts: [], nextPageToken: '' }
    : await pageOf(ledger, deltaId, after);
  return {
    deltaId,
    stages: isWithheld ? [] : await stagesOf(ledger, deltaId),
    receipts: page.receipts,
    retrials: await retrialsOf(ledger, deltaId),
    mayLackRetrials: hasForgotten(ledger),
    withheld: isWithheld ? WITHHELD : '',
    nextPageToken: page.nextPageToken,
  };
}

async function pageOf(ledger: Ledger, deltaId: string, after: number) {
  const { deltaRows } = ledger.state;
  const ended = deltaRows.endedStageOf(deltaId);
  const receipts: PlacedReceipt[] = [];
  if (ended === undefined) return { receipts, nextPageToken: '' };
  const isWanted = (position: number) => position > after && position <= ended.position;
  let bytes = 0;
  for await (const found of receiptsAt(ledger, deltaRows.allOf(deltaId).filter(isWanted))) {
    // The same commit may have gone on with the next stage.
    const told = found.receipts.filter(({ number }) => number <= ended.number);
    receipts.push(...told.map((content) => ({ position: found.position, content })));
    bytes += told.reduce((sum, one) => sum + JSON.stringify(one).length, 0);
    const isFull = receipts.length >= MAX_PAGE_RECEIPTS || bytes >= MAX_PAGE_BYTES;
    const isLast = found.position >= ended.position;
    if (isFull && !isLast) return { receipts, nextPageToken: String(found.position) };
  }
  return { receipts, nextPageToken: '' };
}

/** The receipts of a delta at some positions. */
export async function* receiptsAt(ledger: Ledger, positions: readonly number[]) {
  for await (const { position, event } of eventsAt(ledger, positions)) {
    if (event.kind === 'trial_advanced') yield { position, receipts: event.receipts };
  }
}

async function stagesOf(ledger: Ledger, deltaId: string): Promise<EndedStage[]> {
  const stages: EndedStage[] = [];
  let stage: Stage = 'trial';
  let firstReceipt = 1;
  const positions = ledger.state.deltaRows.historyOf(deltaId);
  for await (const { receipts } of receiptsAt(ledger, positions)) {
    for (const { number, step } of receipts) {
      if (!isStageEnd(step)) continue;
      const { seed } = step;
      stages.push({ stage, firstReceipt, lastReceipt: number, end: step.step, seed });
      stage = step.step === 'promote' ? 'probation' : 'holdback';
      firstReceipt = number + 1;
    }
  }
  return stages;
}

function isStageEnd(step: Receipt['step']): step is StageEndStep {
  return ['promote', 'confirm', 'renew', 'end'].includes(step.step);
}

interface Retrial {
  readonly startMs: number;
  readonly helpedMs?: number;
}

/** The trials of a delta's old value after the delta was confirmed, oldest first. */
async function retrialsOf(ledger: Ledger, deltaId: string): Promise<Retrial[]> {
  const found: Retrial[] = [];
  for (const { deltaId: id, revertsDeltaId } of ledger.state.deltasNewestFirst()) {
    const retrial = revertsDeltaId === deltaId ? await retrialIn(ledger, id, deltaId) : undefined;
    if (retrial !== undefined) found.unshift(retrial);
  }
  return found;
}

async function retrialIn(
  ledger: Ledger,
  id: string,
  retrialOf: string,
): Promise<Retrial | undefined> {
  const steps: TrialStep[] = [];
  for await (const { receipts } of receiptsAt(ledger, ledger.state.deltaRows.historyOf(id))) {
    steps.push(...receipts.map(({ step }) => step));
  }
  const start = steps.find((step) => step.step === 'start' && step.plan.retrialOf === retrialOf);
  const helped = steps.find((step) => step.step === 'end' && step.effect.verdict === 'helped');
  if (start === undefined) return undefined;
  return { startMs: start.timeMs, ...(helped === undefined ? {} : { helpedMs: helped.timeMs }) };
}

/** Whether the ledger no longer has some deltas. */
function hasForgotten({ state }: Ledger): boolean {
  return state.head.ordinal > state.deltaCount;
}

import { auditJson } from '../audit/audit-json.ts';
import { auditDelta } from '../audit/audit-ledger.ts';
import { describeAudit } from '../audit/audit-lines.ts';
import { type AuditedLedger, findTrials } from '../audit/trial-rows.ts';
import { scanLedger } from '../store/scan.ts';
import type { TrialAudit } from '../trial/audit/audit.ts';
import { describeFault } from '../trial/audit/findings.ts';
import { endWhenUnread, printJson, printLine } from './output.ts';
import { formatCount } from './progress.ts';

/** Flags of `audit`. */
export interface AuditFlags {
  readonly dataDir: string;
  readonly all: boolean | undefined;
  readonly json: boolean | undefined;
}

/**
 * Recomputes the verdicts of trials from the receipts in a data directory. Throws `LedgerOpenError`, and an
 * error if a verdict does not stand or the ledger is damaged.
 *
 * @param refuse ends the command with a usage error
 */
export async function audit(
  deltaIds: readonly string[],
  { dataDir, all, json }: AuditFlags,
  refuse: (why: string) => never,
): Promise<void> {
  endWhenUnread();
  if (all ? deltaIds.length > 0 : deltaIds.length === 0) {
    refuse('expected the ids of deltas, or --all for every delta that was on trial');
  }
  const ledger = findTrials(scanLedger(dataDir));
  // In a damaged ledger, a delta that was not found may be in a damaged row.
  if (ledger.faults.length === 0) refuseUnknown(ledger, deltaIds, dataDir, refuse);
  const tally = { trials: 0, stand: 0, fail: 0, running: 0, earlier: 0 };
  for (const deltaId of all ? ledger.trials.keys() : new Set(deltaIds)) {
    const found = auditDelta(ledger, deltaId);
    tally.trials += 1;
    tally[stateOf(found)] += 1;
    if (json) await printJson(auditJson(deltaId, found));
    else await printLine(describeAudit(deltaId, found));
  }
  const damage = damageBeside(ledger, all ? [...ledger.trials.keys()] : deltaIds);
  if (damage.length > 0) {
    if (json) await printJson(JSON.stringify({ ledgerFaults: damage }));
    else await printLine(describeDamage(damage));
  }
  if (all && json) await printJson(JSON.stringify({ summary: tally }));
  else if (all) await printLine(describeTally(tally));
  if (tally.fail > 0) throw new Error(`${tally.fail} of ${tally.trials} verdicts do not stand`);
  if (damage.length > 0) throw new Error(`the ledger in ${dataDir} is damaged`);
}

/** Damage outside the audited trials. */
function damageBeside({ faults }: AuditedLedger, audited: readonly string[]): string[] {
  return faults
    .filter(({ deltaId }) => deltaId === undefined || !audited.includes(deltaId))
    .map((fault) => {
      const owner = fault.deltaId === undefined ? '' : `delta ${JSON.stringify(fault.deltaId)}, `;
      return `${owner}${describeFault(fault)}`;
    });
}

function stateOf({ faults, isOver, isChainOnly }: TrialAudit): Exclude<keyof Tally, 'trials'> {
  if (faults.length > 0) return 'fail';
  if (isChainOnly) return 'earlier';
  return isOver ? 'stand' : 'running';
}

/** Numbers of trials by the result of their audit; of trials of `earlier` releases, only the hash chain is checked. */
type Tally = Readonly<Record<'trials' | 'stand' | 'fail' | 'running' | 'earlier', number>>;

function refuseUnknown(
  { trials, deltas }: AuditedLedger,
  deltaIds: readonly string[],
  dataDir: string,
  refuse: (why: string) => never,
): void {
  for (const deltaId of deltaIds) {
    if (trials.has(deltaId)) continue;
    const name = JSON.stringify(deltaId);
    if (deltas.has(deltaId)) refuse(`delta ${name} was never on trial: there is no verdict of it`);
    refuse(`the ledger in ${dataDir} holds no delta ${name}: it never did, or no longer does`);
  }
}

function describeDamage(damage: readonly string[]): string {
  return ['the ledger is damaged:', ...damage.map((line) => `  ${line}`)].join('\n');
}

function describeTally({ trials, stand, fail, running, earlier }: Tally): string {
  return [
    `${formatCount(trials)} trials`,
    `${formatCount(stand)} verdicts stand`,
    `${formatCount(fail)} do not`,
    ...(running > 0 ? [`${formatCount(running)} running so far`] : []),
    ...(earlier > 0 ? [`${formatCount(earlier)} of an earlier release not recomputed`] : []),
  ].join(', ');
}

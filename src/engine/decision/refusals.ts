import type { Delta, Refusal } from '../../domain/delta.ts';
import type { LoopSettings } from '../../domain/settings.ts';
import type { LedgerView } from '../../ledger/view.ts';
import { quote, withReason } from './deltas.ts';
import { type Environment, followersOf } from './environment.ts';

/** Maximum number of refusals of one delta that are kept, one per client. */
export const MAX_REFUSALS = 4096;

/** Number of the newest refusals whose reasons a summary names. */
const MAX_TOLD = 3;

/**
 * Whether a client has refused a delta.
 *
 * @param clientId empty: not known
 */
export function hasRefused(
  view: Pick<LedgerView, 'delta'>,
  deltaId: string,
  clientId: string,
): boolean {
  const refusals = clientId === '' ? undefined : view.delta(deltaId)?.refusals;
  return refusals?.some((one) => one.clientId === clientId) ?? false;
}

/** Whether the refusals of a delta suffice to revert it. */
export function areEnough(
  { state, effect }: Delta,
  { refusedBy, clients }: { readonly refusedBy: number; readonly clients: number },
  { curation }: LoopSettings,
): boolean {
  // A delta that was applied at once, and is only being compared, is not proven yet.
  const hasHelped = state === 'provisional' && effect?.verdict === 'helped';
  const isProven = hasHelped || state === 'confirmed';
  const rule = curation.refusals ?? (isProven ? 'majority' : 'any');
  return rule === 'any' || refusedBy * 2 > clients;
}

/**
 * The number of clients that a majority is counted among: clients subscribed to deltas of this type, clients
 * that have acknowledged this delta or a later one, and clients that have refused it.
 *
 * @param sequence sequence of the refused delta or block switch; 0 if it was never applied
 */
export function countClients(
  view: LedgerView,
  { type }: Delta,
  sequence: number,
  refusals: readonly Refusal[],
  environment: Environment,
): number {
  const clients = new Set(sequence === 0 ? [] : view.clientsBeyond(sequence));
  for (const { clientId } of followersOf(environment, type)) clients.add(clientId);
  for (const { clientId } of refusals) clients.add(clientId);
  return clients.size;
}

/** Why a delta was reverted for its refusals: who refuses it, and the reasons. */
export function describeRefusals(refusals: readonly Refusal[], clients: number): string {
  const [only] = refusals;
  if (only !== undefined && refusals.length === 1) {
    return `Refused by client ${describeRefusal(only)}`;
  }
  return `Refused by ${refusals.length} of ${clients} clients: ${listOf(refusals)}`;
}

/** A delta's summary, with its refusals if they did not suffice to revert it. */
export function summaryOf(delta: Delta): string {
  const { state, summary, refusals = [] } = delta;
  const newest = refusals.at(-1);
  if (newest === undefined || state === 'reverted') return summary;
  const counts = `${refusals.length} of ${newest.clients} clients`;
  const text = `Refused by ${counts}, which is not enough: ${listOf(refusals)}`;
  if (summary === '') return text;
  return `${summary}${summary.endsWith('.') ? '' : '.'} ${text}`;
}

function listOf(refusals: readonly Refusal[]): string {
  const told = refusals.slice(-MAX_TOLD).map(describeRefusal);
  const more = refusals.length - told.length;
  return [...told, ...(more === 0 ? [] : [`and ${more} more`])].join('; ');
}

/** The client of a refusal, and the reason. */
function describeRefusal({ clientId, reason, message }: Refusal): string {
  return withReason(quote(clientId), [reason, message].filter((text) => text !== '').join(': '));
}

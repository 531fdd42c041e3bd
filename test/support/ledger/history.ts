import type { Cycle } from '../../../src/gen/learning/v1/cycle_pb.ts';
import type { Delta } from '../../../src/gen/learning/v1/delta_pb.ts';
import type { LearningClient } from '../clients/clients.ts';

const PAGE_SIZE = 1000;

/** All retained deltas, oldest first; the switches of trials only where they are asked for. */
export async function allDeltas(
  client: LearningClient,
  includeTrialSwitches = false,
): Promise<Delta[]> {
  const deltas: Delta[] = [];
  let pageToken = '';
  do {
    const page = await client.listDeltas({
      pageSize: PAGE_SIZE,
      pageToken,
      includeTrialSwitches,
    });
    deltas.push(...page.deltas);
    pageToken = page.nextPageToken;
  } while (pageToken !== '');
  return deltas.reverse();
}

/** All retained cycles, oldest first. */
export async function allCycles(client: LearningClient): Promise<Cycle[]> {
  const cycles: Cycle[] = [];
  let pageToken = '';
  do {
    const page = await client.listCycles({ pageSize: PAGE_SIZE, pageToken });
    cycles.push(...page.cycles);
    pageToken = page.nextPageToken;
  } while (pageToken !== '');
  return cycles.reverse();
}

/** The deltas put in force, in the order in which they were. */
export function inForceOrder(deltas: readonly Delta[]): Delta[] {
  return deltas
    .filter(({ sequence }) => sequence > 0n)
    .sort((a, b) => Number(a.sequence - b.sequence));
}

import { createInterface } from 'node:readline';
import { credentials } from '@grpc/grpc-js';
import { LearningAdminService } from '../../../src/gen/learning/v1/admin_service_pb.ts';
import { DeltaState } from '../../../src/gen/learning/v1/delta_pb.ts';
import { LearningService } from '../../../src/gen/learning/v1/learning_service_pb.ts';
import { TaskStatus } from '../../../src/gen/learning/v1/task_pb.ts';
import { createClient } from '../../../src/wire/client.ts';
import type { LearningClient } from '../clients/clients.ts';
import { StreamedLevels } from '../clients/streamed-levels.ts';
import { wanderingNoise } from '../engine/noise.ts';
import { seededRandom } from '../engine/seed.ts';
import type { OrchestratorKind, TrialJob, TrialResult } from './orchestrator-process.ts';
import { levelsOf, type Perform, VirtualWork, type WorkPort } from './virtual-work.ts';
import {
  apartPort,
  askingPort,
  beginTrial,
  followingPort,
  silentPort,
  workUntilJudged,
  workUntilProven,
} from './work-ports.ts';

// An orchestrator in a process of its own. Each line of its standard input is a job: a trial to
// be gone through at some sidecar; each line that it prints is what came of one.

const TYPICAL_MS = 100;

/** What a delta may be in once a cycle has begun with it, in any mode. */
const BEGUN = [DeltaState.TRIAL, DeltaState.PROVISIONAL, DeltaState.APPLIED];

async function goThrough(job: TrialJob): Promise<TrialResult> {
  const { address, kind, seed, factor, success = [1, 1], slowFailures = 1, isProven } = job;
  const insecure = credentials.createInsecure();
  const client = createClient(LearningService, address, insecure);
  const admin = createClient(LearningAdminService, address, insecure);
  const isStreaming = kind === 'following' || kind === 'silent';
  const streamed = isStreaming ? await StreamedLevels.open(client) : undefined;
  const noise = wanderingNoise(seed);
  const luck = seededRandom(seed);
  const perform: Perform = (i, { level }) => {
    const hasSucceeded = luck.next() < success[level === 1 ? 1 : 0];
    const latencyMs = TYPICAL_MS * Math.exp(noise(i)) * (level === 1 ? factor : 1);
    return hasSucceeded
      ? { latencyMs, status: TaskStatus.SUCCESS }
      : { latencyMs: slowFailures * latencyMs, status: TaskStatus.FAILURE };
  };
  const work = new VirtualWork(portOf(kind, client, streamed), perform, job.inFlight);
  const deltaId = await beginTrial(work, { client, admin }, BEGUN);
  const begunBefore = work.begun;
  const workUntil = isProven ? workUntilProven : workUntilJudged;
  const { effect, state } = await workUntil(work, client, deltaId);
  const started = work.begun - begunBefore;
  const { parameters, deltaSequence } = await client.resolveParameters({});
  await streamed?.until(deltaSequence);
  const { level } = streamed?.current.levels ?? levelsOf(parameters);
  await streamed?.close();
  client.close();
  admin.close();
  const tasksUsed = Number(effect?.tasksUsed);
  const { verdict = 0, summary = '' } = effect ?? {};
  return { verdict, state, tasksUsed, started, level, summary };
}

function portOf(
  kind: OrchestratorKind,
  client: LearningClient,
  streamed: StreamedLevels | undefined,
): WorkPort {
  if (kind === 'apart') return apartPort(client);
  if (streamed === undefined) return askingPort(client);
  return kind === 'silent' ? silentPort(client, streamed) : followingPort(client, streamed);
}

for await (const line of createInterface(process.stdin)) {
  const job: TrialJob = JSON.parse(line);
  console.log(JSON.stringify(await goThrough(job)));
}

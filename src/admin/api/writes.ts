import type { DescMessage } from '@bufbuild/protobuf';
import type { Engine } from '../../engine/engine.ts';
import { LearningAdminService } from '../../gen/learning/v1/admin_service_pb.ts';
import { adminCalls } from '../../rpc/services/admin.ts';
import type { Validate } from '../../rpc/validation/validate.ts';
import { bodyFields, calling } from './calls.ts';
import { DELTA_ID } from './reads.ts';
import { type ApiRoute, apiRoute, type ParameterDoc, type RouteDoc } from './route-table.ts';
import { ANY, described, messageOf, NUMBER, objectOf, type Schema, TEXT } from './schema.ts';

const REASON = objectOf({}, { reason: described(TEXT, 'Why; shown with the delta') });

const PARAMETER_NAME: ParameterDoc = {
  name: 'name',
  in: 'path',
  description: 'The name of a parameter',
  schema: TEXT,
};

const OVERRIDE = objectOf(
  { value: described(ANY, 'Of the same kind as the value before, within its bounds') },
  {
    reason: TEXT,
    holdSeconds: described(NUMBER, 'Seconds in which rules leave it alone; 0: none'),
  },
);

const NOTHING: Schema = { type: 'object' };

/** What operators change; the answers are those of the RPCs. */
export function writeRoutes(engine: Engine, validate: Validate): ApiRoute[] {
  const calls = adminCalls(engine);
  return [
    ...deltaWrites(calls, validate),
    parameterWrite(calls, validate),
    write(
      '/trials/pause',
      plain('pauseTrials', 'Pauses all trials: PauseTrials'),
      method.pauseTrials,
      calling(method.pauseTrials, validate, () => ({}), calls.pauseTrials),
    ),
    write(
      '/trials/resume',
      plain('resumeTrials', 'Resumes all trials: ResumeTrials'),
      method.resumeTrials,
      calling(method.resumeTrials, validate, () => ({}), calls.resumeTrials),
    ),
    write(
      '/cycles',
      plain('runCycle', 'Runs a cycle now: RunCycle'),
      method.runCycle,
      calling(method.runCycle, validate, () => ({}), calls.runCycle),
    ),
  ];
}

type Calls = ReturnType<typeof adminCalls>;
type Doc = Omit<RouteDoc, 'response'>;

const { method } = LearningAdminService;

function write(
  path: string,
  doc: Doc,
  { output }: { readonly output: DescMessage },
  handle: ApiRoute['handle'],
): ApiRoute {
  const response = messageOf(output);
  return apiRoute({ method: 'POST', path, who: 'operator', doc: { ...doc, response }, handle });
}

function plain(id: string, summary: string): Doc {
  return { id, summary, parameters: [], request: NOTHING };
}

function onDelta(id: string, summary: string): Doc {
  return { id, summary, parameters: [DELTA_ID], request: REASON };
}

function deltaWrites(calls: Calls, validate: Validate): ApiRoute[] {
  const fields: Parameters<typeof calling>[2] = (asked) => ({
    reason: bodyFields(asked).reason ?? '',
    deltaId: asked.params.id ?? '',
  });
  return [
    write(
      '/deltas/:id/approve',
      onDelta('approveDelta', 'Puts a waiting proposal in force: ApproveDelta'),
      method.approveDelta,
      calling(method.approveDelta, validate, fields, calls.approveDelta),
    ),
    write(
      '/deltas/:id/reject',
      onDelta('rejectDelta', 'Turns a waiting proposal down: RejectDelta'),
      method.rejectDelta,
      calling(method.rejectDelta, validate, fields, calls.rejectDelta),
    ),
    write(
      '/deltas/:id/revert',
      onDelta('revertDelta', 'Takes a change back: RevertDelta'),
      method.revertDelta,
      calling(method.revertDelta, validate, fields, calls.revertDelta),
    ),
  ];
}

function parameterWrite(calls: Calls, validate: Validate): ApiRoute {
  return write(
    '/parameters/:name',
    {
      id: 'setParameter',
      summary: 'Sets a parameter: SetParameter',
      parameters: [PARAMETER_NAME],
      request: OVERRIDE,
    },
    method.setParameter,
    calling(
      method.setParameter,
      validate,
      (asked) => {
        const { value, reason = '', holdSeconds = 0 } = bodyFields(asked);
        const target = asked.params.name ?? '';
        return { target, reason, holdSeconds, ...(value === undefined ? {} : { value }) };
      },
      calls.setParameter,
    ),
  );
}

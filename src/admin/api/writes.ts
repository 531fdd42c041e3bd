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

const NOTHING: Schema = { type: 'object' };

/** What operators change; the answers are those of the RPCs. */
export function writeRoutes(engine: Engine, validate: Validate): ApiRoute[] {
  const { method } = LearningAdminService;
  const calls = adminCalls(engine);
  const write = (
    path: string,
    doc: Omit<RouteDoc, 'response'>,
    { output }: { readonly output: DescMessage },
    handle: ApiRoute['handle'],
  ) => {
    const response = messageOf(output);
    return apiRoute({ method: 'POST', path, who: 'operator', doc: { ...doc, response }, handle });
  };
  const onDelta = (id: string, summary: string): Omit<RouteDoc, 'response'> => ({
    ...{ id, summary },
    parameters: [DELTA_ID],
    request: REASON,
  });
  const plain = (id: string, summary: string): Omit<RouteDoc, 'response'> => ({
    ...{ id, summary },
    parameters: [],
    request: NOTHING,
  });
  const deltaFields: Parameters<typeof calling>[2] = (asked) => ({
    reason: bodyFields(asked).reason ?? '',
    deltaId: asked.params.id ?? '',
  });
  return [
    write(
      '/deltas/:id/approve',
      onDelta('approveDelta', 'Puts a waiting proposal in force: ApproveDelta'),
      method.approveDelta,
      calling(method.approveDelta, validate, deltaFields, calls.approveDelta),
    ),
    write(
      '/deltas/:id/reject',
      onDelta('rejectDelta', 'Turns a waiting proposal down: RejectDelta'),
      method.rejectDelta,
      calling(method.rejectDelta, validate, deltaFields, calls.rejectDelta),
    ),
    write(
      '/deltas/:id/revert',
      onDelta('revertDelta', 'Takes a change back: RevertDelta'),
      method.revertDelta,
      calling(method.revertDelta, validate, deltaFields, calls.revertDelta),
    ),
    write(
      '/parameters/:name',
      {
        id: 'setParameter',
        summary: 'Sets a parameter: SetParameter',
        parameters: [PARAMETER_NAME],
        request: {
          ...objectOf(
            { value: described(ANY, 'Of the same kind as the value before, within its bounds') },
            {
              reason: TEXT,
              holdSeconds: described(NUMBER, 'Seconds in which rules leave it alone; 0: none'),
            },
          ),
        },
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
    ),
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

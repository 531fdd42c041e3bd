import { invalidFields } from '../domain/errors.js';
import { LearningAdminService } from '../gen/learning/v1/admin_service_pb.js';
import { toProtoCycle, toProtoDelta } from './messages.js';
import { unaryByRules } from './validate.js';
import { fromProtoValue } from './value.js';
/** The handlers of LearningAdminService. */
export function adminHandlers({ engine, environment, validate, }) {
    const { method } = LearningAdminService;
    const unary = unaryByRules(environment, validate);
    const setActive = (active) => {
        engine.setActive(active);
        return { active: engine.active };
    };
    // Trials are not in this release: there is nothing to pause, and so nothing is paused.
    const trialsPaused = () => ({ paused: false });
    return {
        startLearning: unary(method.startLearning, () => setActive(true)),
        stopLearning: unary(method.stopLearning, () => setActive(false)),
        runCycle: unary(method.runCycle, async () => {
            const { cycle, deltas } = await engine.runCycle();
            return { cycle: toProtoCycle(cycle, deltas) };
        }),
        approveDelta: unary(method.approveDelta, async ({ deltaId, reason }) => ({
            delta: toProtoDelta(await engine.approve(deltaId, reason)),
        })),
        rejectDelta: unary(method.rejectDelta, async ({ deltaId, reason }) => ({
            delta: toProtoDelta(await engine.reject(deltaId, reason)),
        })),
        revertDelta: unary(method.revertDelta, async ({ deltaId, reason }) => ({
            delta: toProtoDelta(await engine.revert(deltaId, reason)),
        })),
        setParameter: unary(method.setParameter, async ({ target, value, reason, holdSeconds }) => {
            const read = value === undefined ? { fault: 'expected a value' } : fromProtoValue(value);
            if ('fault' in read)
                throw invalidFields([{ field: 'value', description: read.fault }]);
            const override = { target, value: read.value, reason, holdSeconds };
            return { delta: toProtoDelta(await engine.setParameter(override)) };
        }),
        pauseTrials: unary(method.pauseTrials, trialsPaused),
        resumeTrials: unary(method.resumeTrials, trialsPaused),
    };
}
//# sourceMappingURL=admin-service.js.map
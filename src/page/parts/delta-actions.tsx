import type { Delta } from '../api/answers.ts';
import type { Json } from '../api/json.ts';
import { change, isRevertible, isWaiting, show, stateOf } from '../words/delta.ts';
import { Ask } from './ask.tsx';

/** What a person can do about a delta. */
export function DeltaActions({ delta }: { readonly delta: Delta }) {
  const { deltaId = '', target = '', oldValue, newValue, state } = delta;
  const path = `deltas/${encodeURIComponent(deltaId)}`;
  if (isWaiting(delta)) {
    return (
      <>
        <Ask
          name="Approve"
          tone="main"
          question={`Set ${target} to ${show(newValue)} for every task?`}
          path={`${path}/approve`}
          hasReason
          became={became}
        />
        <Ask
          name="Reject"
          question={`Leave ${target} at ${show(oldValue)}, and turn this proposal down?`}
          path={`${path}/reject`}
          hasReason
          became={became}
        />
      </>
    );
  }
  if (!isRevertible(delta)) return null;
  const isTrial = state === 'DELTA_STATE_TRIAL';
  const question = isTrial
    ? `End the trial, and leave ${target} at ${show(oldValue)}?`
    : `Revert ${target} to ${show(oldValue)}?`;
  return (
    <Ask
      name={isTrial ? 'End the trial' : 'Revert'}
      tone="danger"
      question={question}
      path={`${path}/revert`}
      hasReason
      became={became}
    />
  );
}

/** What the delta of an answer says of it. */
export function became(answer: Json): string {
  // The RPCs of the admin service answer with a delta.
  const { delta = {} } = answer as { readonly delta?: Delta };
  return `${change(delta)}: ${stateOf(delta).text}.`;
}

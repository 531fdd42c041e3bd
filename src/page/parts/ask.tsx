import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { messageOf } from '../../domain/errors.ts';
import { ApiError, write } from '../api/client.ts';
import type { Json } from '../api/json.ts';
import { useShared } from '../context.ts';
import { Failure } from './failure.tsx';
import { SignIn, useSession } from './sign-in.tsx';

/** A change that a person can ask the sidecar for. */
export interface Action {
  /** What the button says. */
  readonly name: string;
  /** What is asked before, as a question. */
  readonly question: string;
  /** Below `/api/v1/`. */
  readonly path: string;
  /** Whether a reason is asked for, which the ledger keeps. */
  readonly hasReason?: boolean;
  readonly tone?: 'danger' | 'main';
  readonly isDisabled?: boolean;
  /** More fields to fill in. */
  readonly fields?: ComponentChildren;
  /** The body, of what was filled in; throws in words where that makes no sense. */
  body?(form: FormData): Readonly<Record<string, Json>>;
  /** What it became, in words. */
  became(answer: Json): string;
}

/** A button that asks once, in words, does it, and says what it became. */
export function Ask(action: Action) {
  const [isOpen, setOpen] = useState(false);
  const [became, setBecame] = useState<string>();
  const { announce } = useShared();
  const { name, tone, isDisabled = false } = action;
  const done = (text: string) => {
    setOpen(false);
    setBecame(text);
    announce(text);
  };
  return (
    <span class="ask">
      <button type="button" class={tone ?? ''} disabled={isDisabled} onClick={() => setOpen(true)}>
        {name}
      </button>
      {became !== undefined && <span class="became">{became}</span>}
      {isOpen && <Question action={action} onCancel={() => setOpen(false)} onDone={done} />}
    </span>
  );
}

interface QuestionProps {
  readonly action: Action;
  onCancel(): void;
  onDone(text: string): void;
}

function Question({ action, onCancel, onDone }: QuestionProps) {
  const { question, name, hasReason = false, fields, tone } = action;
  const dialog = useRef<HTMLDialogElement>(null);
  const [state, setState] = useState<{ isBusy: boolean; error?: string; isUnknown?: boolean }>({
    isBusy: false,
  });
  const { cache } = useShared();
  const session = useSession();
  useEffect(() => dialog.current?.showModal(), []);
  const submit = (event: SubmitEvent & { readonly currentTarget: HTMLFormElement }) => {
    event.preventDefault();
    setState({ isBusy: true });
    perform(action, new FormData(event.currentTarget)).then(
      (text) => {
        cache.changed();
        onDone(text);
      },
      (error) => {
        const isRefused = error instanceof ApiError && [401, 403].includes(error.status);
        const isUnknown = isRefused && session?.needsToken === true;
        setState({ isBusy: false, error: messageOf(error), isUnknown });
      },
    );
  };
  return (
    <dialog ref={dialog} onClose={onCancel} aria-label={question}>
      <form onSubmit={submit}>
        <p class="question">{question}</p>
        {fields}
        {hasReason && (
          <label>
            Why, for the record (may be empty)
            <input name="reason" maxLength={256} autoComplete="off" />
          </label>
        )}
        <Failure error={state.error} />
        <p class="row end">
          <button type="button" onClick={onCancel}>
            Cancel
          </button>
          <button type="submit" class={tone ?? 'main'} disabled={state.isBusy}>
            {state.isBusy ? 'Working …' : name}
          </button>
        </p>
      </form>
      {state.isUnknown && <SignIn onDone={() => setState({ isBusy: false })} />}
    </dialog>
  );
}

async function perform(action: Action, form: FormData): Promise<string> {
  const reason = action.hasReason ? { reason: String(form.get('reason') ?? '') } : {};
  const body = { ...action.body?.(form), ...reason };
  return action.became(await write<Json>(action.path, body));
}

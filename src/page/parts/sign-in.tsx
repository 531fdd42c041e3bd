import { useState } from 'preact/hooks';
import { messageOf } from '../../domain/errors.ts';
import { write } from '../api/client.ts';
import { useShared } from '../context.ts';
import { Failure } from './failure.tsx';

/** Exchanges a token for a session. The token itself is not kept. */
export function SignIn({ onDone }: { onDone(): void }) {
  const [error, setError] = useState<string>();
  const { cache } = useShared();
  const submit = (event: SubmitEvent & { readonly currentTarget: HTMLFormElement }) => {
    event.preventDefault();
    const token = String(new FormData(event.currentTarget).get('token') ?? '');
    write('session', { token }).then(
      () => {
        setError(undefined);
        cache.changed();
        onDone();
      },
      (failure) => setError(messageOf(failure)),
    );
  };
  return (
    <form class="sign-in" onSubmit={submit}>
      <label>
        Token
        <input name="token" type="password" autoComplete="off" required />
      </label>
      <button type="submit" class="main">
        Sign in
      </button>
      <Failure error={error} />
    </form>
  );
}

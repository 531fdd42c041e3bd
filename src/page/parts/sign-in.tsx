import { useState } from 'preact/hooks';
import { messageOf } from '../../domain/errors.ts';
import type { Session } from '../api/answers.ts';
import { write } from '../api/client.ts';
import { useResource, useShared } from '../context.ts';
import { Failure } from './failure.tsx';

/** What the caller may do, by its session. */
export function useSession(): Session | undefined {
  return useResource<Session>('session', ['session']).value;
}

/** Exchanges a token for a session. The token itself is not kept. */
export function SignIn({ onDone }: { onDone?(): void }) {
  const [error, setError] = useState<string>();
  const { cache } = useShared();
  const submit = (event: SubmitEvent & { readonly currentTarget: HTMLFormElement }) => {
    event.preventDefault();
    const token = String(new FormData(event.currentTarget).get('token') ?? '');
    write('session', { token }).then(
      () => {
        setError(undefined);
        cache.changed();
        onDone?.();
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

/** Takes the place of a view for a caller who may not read it. */
export function SignInView() {
  return (
    <section aria-labelledby="sign-in-title">
      <h1 id="sign-in-title">Sign in</h1>
      <p>
        This sidecar has tokens. A token of a client may read; changes take the token of an admin.
      </p>
      <SignIn />
    </section>
  );
}

/** Who is signed in, with a way to sign out; nothing where no token is needed. */
export function SignedIn() {
  const session = useSession();
  const { cache, announce } = useShared();
  if (session?.needsToken !== true || session.role === undefined) return null;
  const signOut = () => {
    write('session', {}, 'DELETE').then(
      () => cache.changed(),
      (error) => announce(messageOf(error)),
    );
  };
  return (
    <p class="signed-in">
      {session.role}{' '}
      <button type="button" class="quiet" onClick={signOut}>
        sign out
      </button>
    </p>
  );
}

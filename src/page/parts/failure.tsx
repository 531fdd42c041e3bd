/** Why something could not be read or done, where it could not. */
export function Failure({ error }: { readonly error: string | undefined }) {
  if (error === undefined) return null;
  return (
    <p class="failure" role="alert">
      {error}
    </p>
  );
}

import type { Parameter } from '../api/answers.ts';
import type { Json } from '../api/json.ts';
import { show } from '../words/delta.ts';
import { boundsText, typedValue } from '../words/parameter.ts';
import { Ask } from './ask.tsx';
import { became } from './delta-actions.tsx';

const SECONDS_PER_HOUR = 3600;

/** Overrides a parameter's value. */
export function SetValue({ parameter }: { readonly parameter: Parameter }) {
  const { name, value, allowed = [] } = parameter;
  return (
    <Ask
      name="Set"
      question={`Set ${name}, which is ${show(value)}, for every task?`}
      path={`parameters/${encodeURIComponent(name)}`}
      hasReason
      fields={<Fields parameter={parameter} />}
      body={(form) => ({
        value: valueIn(form, parameter, allowed),
        holdSeconds: Number(form.get('hold') ?? 0) * SECONDS_PER_HOUR,
      })}
      became={became}
    />
  );
}

function Fields({ parameter }: { readonly parameter: Parameter }) {
  const { value, allowed = [] } = parameter;
  return (
    <>
      <label htmlFor="new-value">New value ({boundsText(parameter)})</label>
      {allowed.length > 0 ? (
        <select name="value" id="new-value">
          {allowed.map((one, index) => (
            <option key={show(one)} value={index} selected={show(one) === show(value)}>
              {show(one)}
            </option>
          ))}
        </select>
      ) : (
        <input name="value" id="new-value" defaultValue={show(value)} required autoComplete="off" />
      )}
      <label>
        Hours in which rules leave it alone
        <input name="hold" type="number" min="0" max="8760" step="any" defaultValue="0" />
      </label>
    </>
  );
}

function valueIn(form: FormData, parameter: Parameter, allowed: readonly Json[]): Json {
  const text = String(form.get('value') ?? '');
  const chosen = allowed[Number(text)];
  return chosen === undefined ? typedValue(parameter, text) : chosen;
}

import type { DescMessage, MessageShape } from '@bufbuild/protobuf';
import { pathToString, reflect } from '@bufbuild/protobuf/reflect';
import { createValidator, type Validator, type Violation } from '@bufbuild/protovalidate';
import type { Encodable } from '../../wire/codec.ts';
import { createFindings, MAX_VIOLATIONS, refusal } from '../../wire/violations.ts';
import { type HandlerEnvironment, type Method, unaryHandler } from '../handlers.ts';

/** Throws INVALID_FIELD, naming the fields, if a message breaks the rules of its proto. */
export type Validate = <S extends DescMessage>(schema: S, message: MessageShape<S>) => void;

// Each violation is an object: those of a list of four million bad items would take gigabytes.
const MAX_ITEMS_TO_REPORT = 10_000;

/**
 * A validator of the rules in the proto. The rules of a type are compiled at its first message, which takes
 * milliseconds; the very first message takes tens of milliseconds.
 */
export function createValidate(): Validate {
  const allFaults = createValidator();
  // Created only when needed: each validator compiles every rule of the proto again.
  let firstFault: Validator | undefined;
  const validatorFor = (itemCount: number): Validator => {
    if (itemCount <= MAX_ITEMS_TO_REPORT) return allFaults;
    firstFault ??= createValidator({ failFast: true });
    return firstFault;
  };
  return (schema, message) => {
    const result = validatorFor(countItems(schema, message)).validate(schema, message);
    if (result.kind === 'error') throw result.error;
    if (result.kind === 'invalid') throw refusalOf(result.violations);
  };
}

function refusalOf(violations: readonly Violation[]) {
  const findings = createFindings(MAX_VIOLATIONS);
  for (const { field, message, ruleId } of violations) {
    findings.add(pathToString(field), message || ruleId);
  }
  return refusal(findings);
}

/** Number of items in the lists and maps of a message, those of nested messages excluded. */
function countItems<S extends DescMessage>(schema: S, message: MessageShape<S>): number {
  const fields = reflect(schema, message, false);
  let count = 0;
  for (const field of schema.fields) {
    if (field.fieldKind === 'list') count += fields.get(field).size;
    if (field.fieldKind === 'map') count += fields.get(field).size;
  }
  return count;
}

/** Makes unary handlers whose requests are checked by the rules in their proto. */
export function unaryByRules(environment: HandlerEnvironment, validate: Validate) {
  return <I extends DescMessage, O extends DescMessage>(
    method: Method<I, O>,
    run: (request: MessageShape<I>) => Encodable<O> | Promise<Encodable<O>>,
  ) => unaryHandler(environment, method, (request) => validate(method.input, request), run);
}

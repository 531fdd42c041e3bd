import {
  create,
  type DescMessage,
  type DescMethod,
  fromJson,
  type JsonValue,
  type MessageInitShape,
  type MessageShape,
  toJson,
} from '@bufbuild/protobuf';
import { malformed, messageOf } from '../../domain/errors.ts';
import type { Validate } from '../../rpc/validation/validate.ts';
import { json } from '../web/answers.ts';
import type { Asked, WebAnswer } from '../web/route.ts';

/** A unary method of the contract. */
type Method<I extends DescMessage, O extends DescMessage> = Pick<DescMethod, 'name'> & {
  readonly input: I;
  readonly output: O;
};

/** A message as proto3 JSON; fields that have their default are there, too. */
export function toPlain<S extends DescMessage>(schema: S, init: MessageInitShape<S>): JsonValue {
  return toJson(schema, create(schema, init), { alwaysEmitImplicit: true });
}

/**
 * Answers as a method does. The request is made of `fields`, and checked by the rules of its proto.
 *
 * @param fields proto3 JSON
 */
export function calling<I extends DescMessage, O extends DescMessage>(
  method: Method<I, O>,
  validate: Validate,
  fields: (asked: Asked) => JsonValue,
  run: (request: MessageShape<I>) => MessageInitShape<O> | Promise<MessageInitShape<O>>,
): (asked: Asked) => Promise<WebAnswer> {
  return async (asked) => {
    const request = parsed(method.input, fields(asked));
    validate(method.input, request);
    return json(toPlain(method.output, await run(request)));
  };
}

function parsed<I extends DescMessage>(schema: I, value: JsonValue): MessageShape<I> {
  try {
    return fromJson(schema, value);
  } catch (error) {
    throw malformed(messageOf(error), error);
  }
}

/** The fields of a body. Throws `MALFORMED` if it is no object. */
export function bodyFields({ body }: Asked): { readonly [field: string]: JsonValue } {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw malformed('expected an object as body');
  }
  // It was parsed from JSON.
  return body as { readonly [field: string]: JsonValue };
}

import { agentOf, modelOf, type Role, tokensOf } from './conventions.ts';
import type { Sums } from './place.ts';
import type { Span } from './span.ts';

/**
 * What a span hands to the one above it: what is below it, and itself. A model's own tokens take the place of those
 * below it, since two instrumentations may tell of the same call; an agent's own tokens only stand in for them.
 */
export function sumsAbove(span: Span, role: Role, below: Sums): Sums {
  const own = tokensOf(span);
  if (role === 'model') {
    const model = modelOf(span);
    return {
      ...below,
      tokens: own ?? below.tokens,
      llmCalls: 1,
      models: model === '' ? below.models : [model],
    };
  }
  const isTool = role === 'tool';
  return {
    ...below,
    tokens: below.tokens ?? own,
    toolCalls: below.toolCalls + Number(isTool),
    toolErrors: below.toolErrors + Number(isTool && span.status === 'ERROR'),
    agents: role === 'agent' ? [agentOf(span)] : below.agents,
  };
}

import type { Attributes } from '../domain/otlp.ts';
import { EVALUATION_ATTRIBUTES } from './evaluation.ts';
import { EVALUATION, type Span } from './span.ts';

// How instrumentations say what a span is. docs/opentelemetry.md has the same as a table.

/** What a span stands for; of these, only an agent and other spans can be tasks. */
export type Role = 'agent' | 'model' | 'tool' | 'step' | 'evaluation' | 'other';

/** Tokens of one or several calls of a model. */
export interface Tokens {
  readonly input: number;
  readonly output: number;
}

const OPERATION = 'gen_ai.operation.name';
const OPENINFERENCE_KIND = 'openinference.span.kind';
const TRACELOOP_KIND = 'traceloop.span.kind';
const VERCEL_OPERATION = 'ai.operationId';
const GEN_AI_AGENT = 'gen_ai.agent.name';
const AGENT = 'agent.name';
const VERCEL_AGENT = 'ai.telemetry.functionId';
/** JSON that LangChain's runs carry under OpenInference. */
const METADATA = 'metadata';
const LANGCHAIN_AGENT = 'lc_agent_name';

const MODEL_OPERATIONS = ['chat', 'text_completion', 'generate_content'];
const MODELS = ['gen_ai.request.model', 'gen_ai.response.model', 'llm.model_name', 'ai.model.id'];

/** Names of the tokens of a span, own ones before those that an agent sums up. */
const TOKENS = [
  ['gen_ai.usage.input_tokens', 'gen_ai.usage.output_tokens'],
  ['gen_ai.usage.prompt_tokens', 'gen_ai.usage.completion_tokens'],
  ['llm.token_count.prompt', 'llm.token_count.completion'],
  ['ai.usage.inputTokens', 'ai.usage.outputTokens'],
  ['ai.usage.promptTokens', 'ai.usage.completionTokens'],
  ['gen_ai.aggregated_usage.input_tokens', 'gen_ai.aggregated_usage.output_tokens'],
] as const;

/** Attributes that conventions name. */
export const CONVENTIONAL: ReadonlySet<string> = new Set([
  ...[OPERATION, OPENINFERENCE_KIND, TRACELOOP_KIND, VERCEL_OPERATION],
  ...[GEN_AI_AGENT, AGENT, VERCEL_AGENT, METADATA, 'error.type', 'service.name'],
  ...[...MODELS, ...TOKENS.flat(), ...EVALUATION_ATTRIBUTES],
]);

export function roleOf(span: Span): Role {
  const { attributes, name, scope } = span;
  if (name === EVALUATION) return 'evaluation';
  const operation = attributes[OPERATION];
  if (operation === 'invoke_agent') {
    // LangChain's runs have two such spans each under OpenLLMetry; the outer one also has its own kind.
    const isOuter = attributes[TRACELOOP_KIND] !== undefined && scope.name.includes('langchain');
    return isOuter ? 'step' : 'agent';
  }
  if (operation === 'execute_tool') return 'tool';
  if (operation !== undefined)
    return MODEL_OPERATIONS.includes(String(operation)) ? 'model' : 'step';
  const kind = attributes[OPENINFERENCE_KIND];
  if (kind !== undefined) return openInferenceRole(span, String(kind).toUpperCase());
  const vercel = attributes[VERCEL_OPERATION];
  return vercel === undefined ? 'other' : vercelRole(String(vercel));
}

function openInferenceRole({ attributes, name, scope }: Span, kind: string): Role {
  if (kind === 'LLM') return 'model';
  if (kind === 'TOOL') return 'tool';
  // The root of the OpenAI SDK's runs is one too, and has no name.
  if (kind === 'AGENT') {
    return scope.name.includes('openai_agents') && attributes[AGENT] === undefined
      ? 'step'
      : 'agent';
  }
  // LangChain's steps name the agent that they are part of, too.
  const isRun = kind === 'CHAIN' && name !== '' && langChainAgent(attributes) === name;
  return isRun ? 'agent' : 'step';
}

function vercelRole(operation: string): Role {
  if (/^ai\.(?:generate|stream)(?:Text|Object)$/.test(operation)) return 'agent';
  if (/\.do(?:Generate|Stream)$/.test(operation)) return 'model';
  return operation === 'ai.toolCall' ? 'tool' : 'step';
}

/** The name of an agent by its span; never empty. */
export function agentOf({ attributes, name }: Span): string {
  const named = attributes[GEN_AI_AGENT] ?? attributes[AGENT] ?? attributes[VERCEL_AGENT];
  return (
    String(named ?? '') ||
    langChainAgent(attributes) ||
    name.replace(/^invoke_agent /, '').replace(/\.run$/, '') ||
    'agent'
  );
}

function langChainAgent(attributes: Attributes): string {
  const metadata = attributes[METADATA];
  if (typeof metadata !== 'string' || !metadata.includes(LANGCHAIN_AGENT)) return '';
  try {
    const found: unknown = JSON.parse(metadata);
    const name: unknown = Object(found)[LANGCHAIN_AGENT];
    return typeof name === 'string' ? name : '';
  } catch {
    return '';
  }
}

/** The model that a span names; empty if it names none. */
export function modelOf({ attributes }: Span): string {
  for (const key of MODELS) {
    const model = attributes[key];
    if (typeof model === 'string' && model !== '') return model;
  }
  return '';
}

/** The tokens that a span tells of; `undefined` if it tells of none. */
export function tokensOf({ attributes }: Span): Tokens | undefined {
  for (const [inputKey, outputKey] of TOKENS) {
    const [input, output] = [attributes[inputKey], attributes[outputKey]];
    if (!isCount(input) && !isCount(output)) continue;
    return { input: isCount(input) ? input : 0, output: isCount(output) ? output : 0 };
  }
  return undefined;
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}

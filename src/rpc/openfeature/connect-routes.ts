import type { DescMethod } from '@bufbuild/protobuf';
import { Service as FlagsV1 } from '../../gen/flagd/evaluation/v1/evaluation_pb.ts';
import { Service as FlagsV2 } from '../../gen/flagd/evaluation/v2/evaluation_pb.ts';
import type { MethodRule } from '../admission/rules.ts';
import type { FindRoute, HttpRequest, HttpRoute } from '../http/route.ts';
import { connectStream, connectUnary } from './connect.ts';
import type { FeedReader } from './flag-feed.ts';
import { flagMessages } from './flag-stream.ts';
import { answersV1, answersV2, nextEvent } from './messages.ts';
import type { FlagParts } from './services.ts';

/** Returns the rule of a gRPC method, which holds over the Connect protocol, too. */
type RuleOf = (method: DescMethod) => MethodRule;

/** The routes of flagd's evaluation over the Connect protocol. */
export function connectRoutes(parts: FlagParts, ruleOf: RuleOf): FindRoute {
  const routes = [...routesV1(parts, ruleOf), ...routesV2(parts, ruleOf)];
  const byPath = new Map(routes.map((route) => [route.rule.path, route]));
  return (path) => byPath.get(path);
}

function routesV1(parts: FlagParts, ruleOf: RuleOf): readonly HttpRoute[] {
  const { method } = FlagsV1;
  const answers = answersV1(parts.evaluator);
  return [
    connectUnary(ruleOf(method.resolveAll), method.resolveAll, answers.resolveAll),
    connectUnary(ruleOf(method.resolveBoolean), method.resolveBoolean, answers.resolveBoolean),
    connectUnary(ruleOf(method.resolveString), method.resolveString, answers.resolveString),
    connectUnary(ruleOf(method.resolveFloat), method.resolveFloat, answers.resolveFloat),
    connectUnary(ruleOf(method.resolveInt), method.resolveInt, answers.resolveInt),
    connectUnary(ruleOf(method.resolveObject), method.resolveObject, answers.resolveObject),
    connectStream(ruleOf(method.eventStream), method.eventStream, (request) =>
      events(parts, request),
    ),
  ];
}

function routesV2(parts: FlagParts, ruleOf: RuleOf): readonly HttpRoute[] {
  const { method } = FlagsV2;
  const answers = answersV2(parts.evaluator);
  return [
    connectUnary(ruleOf(method.resolveBoolean), method.resolveBoolean, answers.resolveBoolean),
    connectUnary(ruleOf(method.resolveString), method.resolveString, answers.resolveString),
    connectUnary(ruleOf(method.resolveFloat), method.resolveFloat, answers.resolveFloat),
    connectUnary(ruleOf(method.resolveInt), method.resolveInt, answers.resolveInt),
    connectUnary(ruleOf(method.resolveObject), method.resolveObject, answers.resolveObject),
    connectStream(ruleOf(method.eventStream), method.eventStream, (request) =>
      events(parts, request),
    ),
  ];
}

function events({ feed, state, openStreams }: FlagParts, { peer, ended }: HttpRequest) {
  const next = (reader: FeedReader) => nextEvent(reader, state);
  return flagMessages(feed, next, ended, (stream) => openStreams.add(stream, peer));
}

import { toJsonString } from '@bufbuild/protobuf';
import { withSidecar } from '../client/dial.ts';
import type { TargetOptions } from '../client/target.ts';
import {
  type GetGainsResponse,
  GetGainsResponseSchema,
} from '../gen/learning/v1/learning_service_pb.ts';
import { type GainsDocument, gainsDocument } from './gains-document.ts';
import { endWhenUnread, printJson, printLine } from './output.ts';

/** Options of `report`. */
export interface ReportOptions extends TargetOptions {
  readonly json: boolean | undefined;
  readonly markdown: boolean | undefined;
}

/** The deadline; the sidecar may have to simulate trials before it answers. */
const ANSWER_MS = 30_000;

/** Prints what the changes of a sidecar gained. */
export async function reportGains(options: ReportOptions): Promise<void> {
  endWhenUnread();
  await withSidecar(options, async (client) => {
    const gains = await client.getGains({}, { deadlineMs: ANSWER_MS });
    if (options.json)
      await printJson(toJsonString(GetGainsResponseSchema, gains, { prettySpaces: 2 }));
    else await printLine(formatGains(gains, options));
  });
}

export function formatGains(
  gains: GetGainsResponse,
  { markdown }: Pick<ReportOptions, 'markdown'>,
): string {
  const document = gainsDocument(gains);
  return markdown ? asMarkdown(document) : asText(document);
}

function asText({ summary, chapters, notes }: GainsDocument): string {
  const blocks = chapters.map(({ title, items }) =>
    [
      title,
      ...items.flatMap(({ text, more = [] }) => [
        `  ${text}`,
        ...more.map((line) => `    ${line}`),
      ]),
    ].join('\n'),
  );
  return [summary, ...blocks, notes].join('\n\n');
}

function asMarkdown({ summary, chapters, notes }: GainsDocument): string {
  const blocks = chapters.map(({ title, items }) => {
    const lines = items.flatMap(({ text, more = [] }) => [
      `- ${escaped(text)}`,
      ...more.map((line) => `  - ${escaped(line)}`),
    ]);
    return `## ${title}\n\n${lines.join('\n')}`;
  });
  return ['# What was gained', escaped(summary), ...blocks, `_${notes}_`].join('\n\n');
}

/** Escapes all markup in text. */
function escaped(text: string): string {
  return text.replaceAll(/[\\`*_{}[\]<>#|~!&]/g, '\\$&');
}

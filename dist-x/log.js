import { openSync } from 'node:fs';
import { destination, multistream, pino } from 'pino';
/**
 * Logs JSON lines on standard output, readable ones where that is a terminal, and JSON lines to a
 * file if asked. A file that cannot be written is said so, and done without.
 */
export async function createLogger({ level, file }) {
    const console = process.stdout.isTTY
        ? await prettyStream()
        : destination({ dest: 1, sync: true });
    const { stream, error } = fileStream(file);
    const streams = [console, ...(stream === undefined ? [] : [stream])];
    const logger = pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, multistream(streams.map((one) => ({ level: 'trace', stream: one }))));
    if (error !== undefined)
        logger.warn({ err: error, file }, 'the log file cannot be written');
    return logger;
}
/** Only a person at a terminal pays for it. */
async function prettyStream() {
    const { default: pretty } = await import('pino-pretty');
    return pretty({ translateTime: 'SYS:HH:MM:ss.l', sync: true, singleLine: true });
}
function fileStream(file) {
    if (file === undefined)
        return {};
    try {
        return { stream: destination({ fd: openSync(file, 'a'), sync: true }) };
    }
    catch (error) {
        return { error };
    }
}
//# sourceMappingURL=log.js.map
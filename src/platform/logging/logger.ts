import pino, { type DestinationStream, type Logger } from 'pino';
import pretty from 'pino-pretty';

/** Paths that never reach a log, at any level: a second line of defence behind not logging them at all. */
const REDACTED = [
  'authorization',
  'cookie',
  'pin',
  'token',
  'password',
  'sessionToken',
  'deviceToken',
  'secret',
  'key',
].flatMap((field) => [field, `*.${field}`, `*.*.${field}`]);

/**
 * The process's logger: JSON lines, or readable lines when a person watches a terminal.
 * @param level one of pino's levels or `silent`
 * @param destination where the lines go instead of stdout
 */
export function createLogger(level: string, destination?: DestinationStream): Logger {
  const options = {
    level,
    redact: { paths: REDACTED, censor: '[redacted]' },
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    serializers: { err: describeError },
  };
  if (destination) return pino(options, destination);
  return process.stdout.isTTY
    ? pino(options, pretty({ sync: true, translateTime: 'SYS:HH:MM:ss', singleLine: true }))
    : pino(options);
}

interface DescribedError {
  type: string;
  message: string;
  code?: string;
  stack?: string;
  cause?: DescribedError;
}

/**
 * What a log may know of an error: never its own properties, because TypeORM's `QueryFailedError` carries the statement's
 * parameters and PostgreSQL's `detail` repeats column values.
 */
export function describeError(error: unknown): DescribedError {
  if (!(error instanceof Error)) return { type: typeof error, message: 'a value that is not an error was thrown' };
  const { code } = error as NodeJS.ErrnoException;
  return {
    type: error.name,
    message: error.message,
    ...(typeof code === 'string' && { code }),
    ...(error.stack !== undefined && { stack: error.stack }),
    ...(error.cause !== undefined && { cause: describeError(error.cause) }),
  };
}

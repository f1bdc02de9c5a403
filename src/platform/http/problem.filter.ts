import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException } from '@nestjs/common';
import type { Request, Response } from 'express';
import type { Logger } from 'pino';
import { isDatabaseAway, isDatabaseFull } from '../database/database-away';
import { AppError } from '../errors/app-error';
import { definedErrors, type ErrorFactory } from '../errors/error-registry';
import type { Metrics, WordCounter } from '../metrics/metrics';
import { RequestErrors, ServerErrors } from './http.errors';
import { requestIdOf } from './request-id';

/** What is away is usually back by then. */
const RETRY_AFTER_SECONDS = '2';

/** The one place where an error becomes an answer: RFC 9457 `application/problem+json`, with a code and a request id. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly problems: WordCounter<string>;

  constructor(
    private readonly logger: Logger,
    metrics: Metrics,
  ) {
    this.problems = metrics.counter({
      name: 'photovault_problems_total',
      help: 'Errors by their code, also those that broke off an answer: docs/errors.md says what each is.',
      label: 'code',
      words: definedErrors().map(({ code }) => code),
    });
  }

  catch(thrown: unknown, host: ArgumentsHost): void {
    this.answer(thrown, host.switchToHttp().getRequest<Request>(), host.switchToHttp().getResponse<Response>());
  }

  /** Also for what never reaches Nest: paths outside its routes, and errors of the middleware before them. */
  answer(thrown: unknown, request: Request, response: Response): void {
    const error = toAppError(thrown);
    const { code, status, title, level, alert } = error.definition;
    const requestId = requestIdOf(request);
    this.problems.add(code);

    // The client is gone, or half of an answer is on its way: nothing more can be said, and a broken transfer must look broken.
    if (response.headersSent || response.destroyed || request.socket.destroyed) {
      if (level === 'error')
        this.logger.error({ requestId, code, alert, err: thrown }, 'failed after the answer had begun');
      response.destroy();
      return;
    }
    this.logger[level]({ requestId, code, status, alert, ...(level === 'error' && { err: thrown }) }, title);

    const problem = {
      type: `urn:photovault:error:${code}`,
      title,
      status,
      code,
      ...(error.detail !== undefined && { detail: error.detail }),
      ...(error.errors !== undefined && { errors: error.errors }),
      requestId,
    };
    if (status === 503) response.set('Retry-After', RETRY_AFTER_SECONDS);
    response.status(status).set(error.headers).set('Cache-Control', 'no-store');
    response.type('application/problem+json').send(JSON.stringify(problem));
  }
}

/** Errors of Express and its body parsers carry a status; what they say is not ours to repeat. */
const BY_STATUS: Record<number, ErrorFactory> = {
  400: RequestErrors.malformed,
  404: RequestErrors.noRoute,
  408: RequestErrors.tooSlow,
  413: RequestErrors.tooLarge,
  415: RequestErrors.unsupportedType,
};

/** Anything that can be thrown, as an error with a code. What is not known is `SERVER.INTERNAL` and says nothing about itself. */
export function toAppError(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown;
  if (isDatabaseAway(thrown)) return ServerErrors.databaseAway({ cause: thrown });
  if (isDatabaseFull(thrown)) return ServerErrors.storageFull({ cause: thrown });
  const status = thrown instanceof HttpException ? thrown.getStatus() : (thrown as { status?: unknown } | null)?.status;
  const known = typeof status === 'number' ? BY_STATUS[status] : undefined;
  return known ? known({ cause: thrown }) : ServerErrors.internal({ cause: thrown });
}

import type { IncomingMessage } from 'node:http';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { NextFunction, Request, Response } from 'express';
import type { Logger } from 'pino';
import { serveApiDocument } from './openapi';
import { AppConfig } from './platform/config/app-config';
import { accessLog } from './platform/http/access-log';
import { API_PREFIX, OUTSIDE_PREFIX } from './platform/http/api-prefix';
import { answerUnreadableRequests } from './platform/http/client-error';
import { RequestErrors } from './platform/http/http.errors';
import { lingeringClose } from './platform/http/lingering-close';
import { ProblemFilter } from './platform/http/problem.filter';
import { requestId } from './platform/http/request-id';
import { requestMetrics } from './platform/http/request-metrics';
import { requireHost } from './platform/http/require-host';
import { securityHeaders } from './platform/http/security-headers';
import { SlowBodyWatch } from './platform/http/slow-body-watch';
import { untrustedProxyHint } from './platform/http/untrusted-proxy-hint';
import { RequestValidationPipe } from './platform/http/validation.pipe';
import { LOGGER } from './platform/logging/logging.module';
import { Metrics } from './platform/metrics/metrics';

/** Largest JSON body, in bytes. */
const JSON_BYTES = 64 * 1024;
/** Of a question about thousands of files. */
const CHECK_BYTES = 2 * 1024 * 1024;
/** As lenient about case as the router is. */
const RAW_UPLOAD = new RegExp(`^${API_PREFIX}/files/by-name/`, 'i');
const CHECK = new RegExp(`^${API_PREFIX}/files/check/?(?:\\?|$)`, 'i');

/** Everything about HTTP that holds for all routes. Called by main and by the tests, so that both have the same server. */
export async function configureApp(app: NestExpressApplication, slowBodies = new SlowBodyWatch()): Promise<void> {
  const logger = app.get<Logger>(LOGGER);
  const metrics = app.get(Metrics);
  const server = app.getHttpServer();
  answerUnreadableRequests(server);
  slowBodies.attach(server);

  app.disable('x-powered-by').disable('etag');
  app.set('query parser', 'simple');
  trustProxies(app, logger);
  app.use(
    ...requestMetrics(metrics, server),
    ...[requestId, securityHeaders, accessLog(logger), lingeringClose, requireHost, slowBodies.middleware],
  );
  // A raw upload is a stream whatever its Content-Type says: a JSON parser in its way would swallow it.
  app.useBodyParser('json', {
    limit: CHECK_BYTES,
    type: (request) => isJson(request) && CHECK.test(request.url ?? ''),
  });
  app.useBodyParser('json', { limit: JSON_BYTES, type: (request) => isJson(request) && !isRawUpload(request) });
  app.setGlobalPrefix(API_PREFIX, { exclude: [...OUTSIDE_PREFIX] });
  app.useGlobalPipes(new RequestValidationPipe());
  const problems = new ProblemFilter(logger, metrics);
  app.useGlobalFilters(problems);
  serveApiDocument(app);

  // Behind all routes, so only when they are there: what Nest's own answers do not cover.
  await app.init();
  app.use((request: Request, response: Response) => problems.answer(RequestErrors.noRoute(), request, response));
  app.use((error: unknown, request: Request, response: Response, _next: NextFunction) => {
    problems.answer(error, request, response);
  });
}

/** Without any, `X-Forwarded-For` is what any client may write; with some, the client is the right-most address that is none of theirs. */
function trustProxies(app: NestExpressApplication, logger: Logger): void {
  const proxies = app.get(AppConfig).get('TRUST_PROXY');
  if (proxies.length > 0) app.set('trust proxy', proxies);
  else app.use(untrustedProxyHint(logger));
}

function isJson(request: IncomingMessage): boolean {
  return /^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i.test(request.headers['content-type'] ?? '');
}

function isRawUpload(request: IncomingMessage): boolean {
  return request.method === 'PUT' && RAW_UPLOAD.test(request.url ?? '');
}

import type { IncomingMessage } from 'node:http';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Logger } from 'pino';
import { serveApiDocument } from './openapi';
import { accessLog } from './platform/http/access-log';
import { answerUnreadableRequests } from './platform/http/client-error';
import { lingeringClose } from './platform/http/lingering-close';
import { ProblemFilter } from './platform/http/problem.filter';
import { requestId } from './platform/http/request-id';
import { securityHeaders } from './platform/http/security-headers';
import { SlowBodyWatch } from './platform/http/slow-body-watch';
import { validationPipe } from './platform/http/validation.pipe';
import { LOGGER } from './platform/logging/logging.module';

export const API_PREFIX = '/api/v1';
/** Largest JSON body, in bytes. */
const JSON_BYTES = 64 * 1024;

/** Everything about HTTP that holds for all routes. Called by main and by the tests, so that both have the same server. */
export function configureApp(app: NestExpressApplication, slowBodies = new SlowBodyWatch()): void {
  const logger = app.get<Logger>(LOGGER);
  const server = app.getHttpServer();
  answerUnreadableRequests(server);
  slowBodies.attach(server);

  app.disable('x-powered-by').disable('etag');
  app.set('query parser', 'simple');
  app.use(requestId, securityHeaders, accessLog(logger), lingeringClose, slowBodies.middleware);
  // A raw upload is a stream whatever its Content-Type says: a JSON parser in its way would swallow it.
  app.useBodyParser('json', { limit: JSON_BYTES, type: (request) => isJson(request) && !isRawUpload(request) });
  app.setGlobalPrefix(API_PREFIX, { exclude: ['health/live', 'health/ready'] });
  app.useGlobalPipes(validationPipe());
  app.useGlobalFilters(new ProblemFilter(logger));
  serveApiDocument(app);
}

function isJson(request: IncomingMessage): boolean {
  return /^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i.test(request.headers['content-type'] ?? '');
}

function isRawUpload(request: IncomingMessage): boolean {
  return request.method === 'PUT' && (request.url ?? '').startsWith(`${API_PREFIX}/files/by-name/`);
}

import type { NestExpressApplication } from '@nestjs/platform-express';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import type { NextFunction, Request, Response } from 'express';
import { problemContent } from './platform/http/api-problems.decorator';
import { AccessErrors, ServerErrors } from './platform/http/http.errors';

const DESCRIPTION = `A private photo vault. Sign up with an e-mail address and a device ID, trade the PIN for a session token,
upload and download. Everything at rest is encrypted. Errors are RFC 9457 problem details with a stable \`code\`.`;

/** The interface's own page needs scripts and styles; nothing else of the server does. */
const DOCS_CSP = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'";

type Operation = NonNullable<OpenAPIObject['paths'][string]['get']>;

const METHODS = ['get', 'put', 'post', 'delete', 'patch', 'head'] as const;

/** The OpenAPI document of the running application. */
export function apiDocument(app: NestExpressApplication): OpenAPIObject {
  const builder = new DocumentBuilder()
    .setTitle('Photovault')
    .setDescription(DESCRIPTION)
    .setVersion('1')
    .setLicense('MIT', 'https://opensource.org/license/mit')
    .addServer('/', 'This server')
    .addBearerAuth({ type: 'http', scheme: 'bearer', description: 'The session token from `signIn`.' }, 'session');
  const document = SwaggerModule.createDocument(app, builder.build());
  for (const path of Object.values(document.paths)) {
    for (const method of METHODS) if (path[method]) addCommonProblems(path[method]);
  }
  return document;
}

/** What any route can answer, so that no controller has to say it. */
function addCommonProblems(operation: Operation): void {
  const common = [
    ServerErrors.internal,
    ServerErrors.databaseAway,
    ...(operation.security ? [AccessErrors.sessionRequired] : []),
  ];
  for (const { definition } of common) {
    const { description, content } = problemContent([definition]);
    const known = operation.responses[definition.status];
    const problem = known && 'content' in known ? known.content?.['application/problem+json'] : undefined;
    if (known && 'description' in known && problem) {
      known.description += `  \n${description}`;
      Object.assign((problem.examples ??= {}), content['application/problem+json'].examples);
    } else {
      operation.responses[definition.status] = { description, content };
    }
  }
}

/** Swagger UI at `/docs`, the document at `/openapi.json`. */
export function serveApiDocument(app: NestExpressApplication): void {
  app.use('/docs', (_request: Request, response: Response, next: NextFunction) => {
    response.setHeader('Content-Security-Policy', DOCS_CSP);
    next();
  });
  SwaggerModule.setup('docs', app, () => apiDocument(app), {
    jsonDocumentUrl: 'openapi.json',
    yamlDocumentUrl: '',
    raw: ['json'],
  });
}

import type { NestExpressApplication } from '@nestjs/platform-express';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import type { NextFunction, Request, Response } from 'express';
import type { ErrorDefinition } from './platform/errors/app-error';
import { problemContent } from './platform/http/api-problems.decorator';
import { AccessErrors, RequestErrors, ServerErrors } from './platform/http/http.errors';

const DESCRIPTION = `A private photo vault. Sign up with an e-mail address and a device ID, trade the PIN for a session token,
upload and download. Files, their names and e-mail addresses are encrypted at rest.

A vault without a mail server writes its PINs to its log: \`PIN 1234 for alice@example.com\`. Errors are RFC 9457 problem details
with a stable \`code\`. Every answer has an \`X-Request-Id\`.`;

/** What the operations are about, in the order of a newcomer's journey. */
const TAGS = {
  'Sign up': 'An address and a device ID. The account is made when the first PIN comes back.',
  'Sign in': 'Ask for a PIN and trade it for a session token. This is also how a sign-up ends.',
  Account: 'Who you are, and how much you store.',
  Files: 'Store, list, read, rename.',
  Sessions: 'Where you are signed in, and how to end it.',
  Server: 'Whether it runs, and the limits that a client needs.',
};

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
    .addBearerAuth(
      { type: 'http', scheme: 'bearer', bearerFormat: 'pvs_…', description: 'The session token from `signIn`.' },
      'session',
    );
  for (const [tag, description] of Object.entries(TAGS)) builder.addTag(tag, description);
  const document = SwaggerModule.createDocument(app, builder.build(), { autoTagControllers: false });
  for (const path of Object.values(document.paths)) {
    for (const method of METHODS) if (path[method]) addCommonProblems(path[method]);
  }
  return document;
}

/** What follows from the kind of a route, so that no controller has to say it. */
function addCommonProblems(operation: Operation): void {
  const asksDatabase = !operation.tags?.includes('Server');
  const body = operation.requestBody;
  const readsJson = body && 'content' in body && 'application/json' in body.content;
  const hasPathParameter = operation.parameters?.some((each) => 'in' in each && each.in === 'path');
  const { malformed, tooLarge, tooSlow, unsupportedType } = RequestErrors;
  const common = [
    ServerErrors.internal,
    ...(asksDatabase ? [ServerErrors.databaseAway] : []),
    ...(operation.security ? [AccessErrors.sessionRequired] : []),
    ...(hasPathParameter ? [malformed] : []),
    ...(readsJson ? [malformed, tooLarge, tooSlow, unsupportedType] : []),
  ];
  for (const { definition } of common) addProblem(operation, definition);
}

function addProblem(operation: Operation, definition: ErrorDefinition): void {
  const { description, content } = problemContent([definition]);
  const known = operation.responses[definition.status];
  const problem = known && 'content' in known ? known.content?.['application/problem+json'] : undefined;
  if (!(known && 'description' in known && problem)) {
    operation.responses[definition.status] = { description, content };
  } else if (!(definition.code in (problem.examples ??= {}))) {
    known.description += `  \n${description}`;
    Object.assign(problem.examples, content['application/problem+json'].examples);
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

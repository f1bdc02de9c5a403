import type { NestExpressApplication } from '@nestjs/platform-express';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import type { NextFunction, Request, Response } from 'express';
import type { ErrorDefinition } from './platform/errors/app-error';
import { problemContent } from './platform/http/api-problems.decorator';
import { AccessErrors, RequestErrors, ServerErrors } from './platform/http/http.errors';
import { addRateLimitHeaders, isLimited, RATE_LIMIT_COMPONENTS } from './platform/http/rate-limit/rate-limit-openapi';

/** The README has the same lines, and a test runs them. */
const SCRIPT = String.raw`API=http://localhost:3000/api/v1; J='Content-Type: application/json'; get() { sed -E "s/.*\"$1\":\"([^\"]*)\".*/\1/"; }
ID=$(curl -sSf "$API/auth/pin" -H "$J" -d '{"email":"alice@example.com","deviceId":"script"}' | get challengeId)
printf 'PIN: '; read -r PIN
TOKEN=$(curl -sSf "$API/auth/sessions" -H "$J" -d "{\"challengeId\":\"$ID\",\"deviceId\":\"script\",\"pin\":\"$PIN\"}" | get sessionToken)
curl -sSf "$API/users/me" -H "Authorization: Bearer $TOKEN"`;

const DESCRIPTION = `A private photo vault. Sign up with an e-mail address and a device ID, trade the PIN for a session token,
upload and download. Files, their names and e-mail addresses are encrypted at rest.

Signing in from a script takes five lines. \`/users\` in the place of \`/auth/pin\` makes the account as well:

\`\`\`bash
${SCRIPT}
\`\`\`

A vault without a mail server writes its PINs to its log: \`PIN 1234 for alice@example.com\`. Errors are RFC 9457 problem details
with a stable \`code\`. Every answer has an \`X-Request-Id\`, and most say in \`RateLimit\` how much may still be asked.`;

/** What the operations are about, in the order of a newcomer's journey. */
const TAGS = {
  'Sign up': 'An address and a device ID. The account is made when the first PIN comes back.',
  'Sign in':
    'Ask for a PIN and trade it for a session token. This is also how a sign-up ends. Browsers take the token as a cookie; a device that ' +
    'is remembered gets a second token, and strangers who guess at the account do not disturb it.',
  Account:
    'Who you are, how much you store, what happened to your account, taking all of it with you, and moving it to another address.',
  Files: 'Store, list, read, rename.',
  Folders: 'Folders, and locks that only their password opens.',
  Trash: 'What was thrown away, until it is purged.',
  Shares:
    'Give others a link to a folder or to some files, see who has opened it, and end it. Whoever has the link needs no account: it opens ' +
    'the share, and what is in it can be looked at and fetched.',
  Sessions: 'Where you are signed in, which devices you trust, how to end either, and a fresh PIN for what needs one.',
  Leaving: 'Deleting your account. Nobody can take that back, not even whoever runs the vault.',
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
      {
        type: 'http',
        scheme: 'bearer',
        bearerFormat: 'pvs_…',
        description:
          'The session token from `signIn`. With `transport: cookie` a browser sends it as a cookie instead.',
      },
      'session',
    )
    .addBearerAuth(
      {
        type: 'http',
        scheme: 'bearer',
        bearerFormat: 'pvv_…',
        description: 'The token from `openShare`. With `transport: cookie` a browser sends it as a cookie instead.',
      },
      'share',
    );
  for (const [tag, description] of Object.entries(TAGS)) builder.addTag(tag, description);
  const document = SwaggerModule.createDocument(app, builder.build(), { autoTagControllers: false });
  for (const path of Object.values(document.paths)) {
    for (const method of METHODS) if (path[method]) addCommonProblems(path[method], method);
  }
  (document.components ??= {}).headers = RATE_LIMIT_COMPONENTS;
  return document;
}

/** What follows from the kind of a route, so that no controller has to say it. */
function addCommonProblems(operation: Operation, method: (typeof METHODS)[number]): void {
  const changesSomething = method !== 'get' && method !== 'head';
  const asksDatabase = !operation.tags?.includes('Server');
  const needsSession = operation.security?.some((each) => 'session' in each);
  const body = operation.requestBody;
  const readsJson = body && 'content' in body && 'application/json' in body.content;
  const hasPathParameter = operation.parameters?.some((each) => 'in' in each && each.in === 'path');
  const { malformed, tooLarge, tooMany, tooSlow, unsupportedType } = RequestErrors;
  const common = [
    ServerErrors.internal,
    ...(isLimited(operation) ? [tooMany] : []),
    ...(asksDatabase ? [ServerErrors.databaseAway] : []),
    ...(needsSession ? [AccessErrors.sessionRequired] : []),
    ...(needsSession && changesSomething ? [AccessErrors.crossSite] : []),
    ...(hasPathParameter ? [malformed] : []),
    ...(readsJson ? [malformed, tooLarge, tooSlow, unsupportedType] : []),
  ];
  for (const { definition } of common) addProblem(operation, definition);
  if (isLimited(operation)) addRateLimitHeaders(operation);
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

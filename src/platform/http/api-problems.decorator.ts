import { applyDecorators } from '@nestjs/common';
import { ApiExtraModels, ApiResponse, getSchemaPath } from '@nestjs/swagger';
import type { ErrorDefinition } from '../errors/app-error';
import type { ErrorFactory } from '../errors/error-registry';
import { ProblemResponse } from './problem.response.dto';

/** Any request id will do in an example. */
const EXAMPLE_REQUEST_ID = 'a2f7c1de-1f0e-4a8e-bb44-0b4f4f1a3c55';

/** Documents the errors that a route can give beside those that every route can: one example a code, grouped by status. */
export function ApiProblems(...factories: ErrorFactory[]): MethodDecorator & ClassDecorator {
  const definitions = factories.map((factory) => factory.definition);
  const statuses = [...new Set(definitions.map(({ status }) => status))];
  return applyDecorators(
    ApiExtraModels(ProblemResponse),
    ...statuses.map((status) =>
      ApiResponse({ status, ...problemContent(definitions.filter((each) => each.status === status)) }),
    ),
  );
}

/** An OpenAPI response for some errors of one status. */
export function problemContent(definitions: readonly ErrorDefinition[]) {
  const examples: Record<string, { value: object }> = {};
  for (const { code, title, status } of definitions) {
    examples[code] = {
      value: { type: `urn:photovault:error:${code}`, title, status, code, requestId: EXAMPLE_REQUEST_ID },
    };
  }
  return {
    description: definitions.map(({ code, title }) => `\`${code}\`: ${title}`).join('  \n'),
    content: { 'application/problem+json': { schema: { $ref: getSchemaPath(ProblemResponse) }, examples } },
  };
}

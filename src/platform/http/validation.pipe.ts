import { type ArgumentMetadata, Injectable, ValidationPipe, type ValidationError } from '@nestjs/common';
import type { FieldError } from '../errors/app-error';
import { RequestErrors } from './http.errors';

/** Bad fields that are named: whoever sends a list of thousands finds the others after these. */
const MOST_ERRORS = 100;

/** Whitelisting validation of every body and query: unknown fields are refused, and every bad field is named at once. */
@Injectable()
export class RequestValidationPipe extends ValidationPipe {
  constructor() {
    super({
      whitelist: true,
      forbidNonWhitelisted: true,
      transform: true,
      validationError: { target: false, value: false },
      exceptionFactory: (errors) =>
        RequestErrors.invalid({ errors: errors.flatMap((error) => fieldErrors(error)).slice(0, MOST_ERRORS) }),
    });
  }

  override async transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    // A route that wants a body got none that any parser of ours reads.
    if (metadata.type === 'body' && value === undefined) throw RequestErrors.unsupportedType();
    try {
      refusePrototypeFields(value);
      return (await super.transform(value, metadata)) as unknown;
    } catch (error) {
      // The libraries throw these themselves: on half a surrogate pair in an address, on nesting that is deeper than the stack.
      if (error instanceof URIError || error instanceof RangeError) throw RequestErrors.invalid({ cause: error });
      throw error;
    }
  }
}

/**
 * class-transformer drops fields that every object has (`__proto__`, `constructor`, `toString` …) before the whitelist sees them;
 * here they are refused like any other unknown field.
 * @throws {AppError} `REQUEST.INVALID`
 */
export function refusePrototypeFields(value: unknown, prefix = ''): void {
  if (typeof value !== 'object' || value === null) return;
  const inherited = Object.keys(value).filter((key) => key in Object.prototype || key === 'prototype');
  if (inherited.length > 0) {
    const paths = inherited.slice(0, MOST_ERRORS).map((key) => prefix + key);
    throw RequestErrors.invalid({
      errors: paths.map((path) => ({ path, message: `property ${path} should not exist` })),
    });
  }
  for (const [key, inner] of Object.entries(value)) refusePrototypeFields(inner, `${prefix}${key}.`);
}

/** Flattens class-validator's tree; the messages name fields and bounds, never the values that were sent. */
export function fieldErrors(error: ValidationError, prefix = ''): FieldError[] {
  const path = prefix + error.property;
  const own = Object.values(error.constraints ?? {}).map((message) => ({ path, message }));
  return [...own, ...(error.children ?? []).flatMap((child) => fieldErrors(child, `${path}.`))];
}

import { ValidationPipe, type ValidationError } from '@nestjs/common';
import type { FieldError } from '../errors/app-error';
import { RequestErrors } from './http.errors';

/** Whitelisting validation of every body and query: unknown fields are refused, and every bad field is named at once. */
export function validationPipe(): ValidationPipe {
  return new ValidationPipe({
    whitelist: true,
    forbidNonWhitelisted: true,
    transform: true,
    validationError: { target: false, value: false },
    exceptionFactory: (errors) => RequestErrors.invalid({ errors: errors.flatMap((error) => fieldErrors(error)) }),
  });
}

/** Flattens class-validator's tree; the messages name fields and bounds, never the values that were sent. */
export function fieldErrors(error: ValidationError, prefix = ''): FieldError[] {
  const path = prefix + error.property;
  const own = Object.values(error.constraints ?? {}).map((message) => ({ path, message }));
  return [...own, ...(error.children ?? []).flatMap((child) => fieldErrors(child, `${path}.`))];
}

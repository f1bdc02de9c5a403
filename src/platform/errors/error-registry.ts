import { AppError, type ErrorCase, type ErrorDefinition, type ErrorLevel } from './app-error';

/** Makes the error; carries its definition so that the OpenAPI document can list it. */
export interface ErrorFactory {
  (details?: ErrorCase): AppError;
  readonly definition: ErrorDefinition;
}

const registry = new Map<string, ErrorDefinition>();

/**
 * Enters an error into the one registry and returns its factory.
 * @param level how loudly the server logs it; client mistakes are `debug`
 * @throws {Error} when the code is taken: codes are part of the API
 */
export function defineError(
  code: string,
  status: number,
  title: string,
  level: ErrorLevel = 'debug',
  alert?: ErrorDefinition['alert'],
): ErrorFactory {
  if (registry.has(code)) throw new Error(`error code ${code} is defined twice`);
  const definition: ErrorDefinition = Object.freeze({ code, status, title, level, ...(alert && { alert }) });
  registry.set(code, definition);
  return Object.assign((details?: ErrorCase) => new AppError(definition, details), { definition });
}

/** Every error that has been defined by the modules loaded so far, by code. */
export function definedErrors(): ErrorDefinition[] {
  return [...registry.values()].sort((a, b) => a.code.localeCompare(b.code));
}

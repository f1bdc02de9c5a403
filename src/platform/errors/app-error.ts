/** How loudly the server itself speaks of an error that it answers. */
export type ErrorLevel = 'debug' | 'info' | 'warn' | 'error';

/** What is fixed about an error: clients read the code, people read the title. */
export interface ErrorDefinition {
  /** `NOUN.REASON`, unique, part of the API. */
  readonly code: string;
  /** HTTP status that the code is answered with. */
  readonly status: number;
  /** One sentence for a person. */
  readonly title: string;
  readonly level: ErrorLevel;
  /** Whoever runs the server must look at it: the word that log watchers wait for. */
  readonly alert?: 'integrity';
}

/** What varies from case to case. */
export interface ErrorCase {
  /** A sentence about this case; never contains a secret or somebody else's data. */
  readonly detail?: string;
  readonly errors?: readonly FieldError[];
  readonly headers?: Readonly<Record<string, string>>;
  readonly cause?: unknown;
}

export interface FieldError {
  readonly path: string;
  readonly message: string;
}

/** An error that the API has a code for. Made by the factories of each room's `*.errors.ts`, never directly. */
export class AppError extends Error {
  readonly detail?: string;
  readonly errors?: readonly FieldError[];
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    readonly definition: ErrorDefinition,
    { detail, errors, headers = {}, cause }: ErrorCase = {},
  ) {
    super(detail ?? definition.title, { cause });
    this.name = 'AppError';
    this.detail = detail;
    this.errors = errors;
    this.headers = headers;
  }
}

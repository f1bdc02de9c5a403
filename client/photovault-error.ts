import type { components, ErrorCode } from './schema';

/** What the vault says of a request that it has not done (RFC 9457). */
export type Problem = components['schemas']['ProblemResponse'];

/** A request that the vault, or something on the way to it, has refused. A broken connection is `fetch`'s own TypeError. */
export class PhotovaultError extends Error {
  override readonly name = 'PhotovaultError';

  private constructor(
    /** Of HTTP. */
    readonly status: number,
    /** Of the vault; undefined where somebody on the way has answered, such as a proxy. */
    readonly problem: Problem | undefined,
    /** When to try again, in seconds from now, where the answer says it. */
    readonly retryAfterSeconds: number | undefined,
  ) {
    super(
      problem ? `${problem.code}: ${problem.detail ?? problem.title}` : `The vault cannot be reached: HTTP ${status}.`,
    );
  }

  /** What a program reads. A vault newer than this client may have more of them. */
  get code(): ErrorCode | undefined {
    return this.problem?.code as ErrorCode | undefined;
  }

  /** Reads a bad answer to its end. */
  static async of(response: Response): Promise<PhotovaultError> {
    const text = await response.text();
    const isProblem = /^application\/problem\+json\b/.test(response.headers.get('content-type') ?? '');
    const after = Number(response.headers.get('retry-after') ?? NaN);
    return new PhotovaultError(
      response.status,
      isProblem ? (JSON.parse(text) as Problem) : undefined,
      Number.isFinite(after) ? after : undefined,
    );
  }
}

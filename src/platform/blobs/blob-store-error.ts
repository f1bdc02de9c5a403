/**
 * `full`: no room; `missing`: no such object; `damaged`: not the object that was stored; `unsafe`: the path leads elsewhere; `away`: the
 * store does not answer just now; `refused`: it answers, and does not let us: a wrong bucket, key or right.
 */
export type BlobStoreProblem = 'full' | 'missing' | 'damaged' | 'unsafe' | 'away' | 'refused';

/** What a store can say of a failure that its caller must tell apart. */
export class BlobStoreError extends Error {
  override readonly name = 'BlobStoreError';

  constructor(
    readonly problem: BlobStoreProblem,
    key: string,
    cause?: unknown,
  ) {
    super(`blob store: ${problem} (${key})`, { cause });
  }

  /** Whether it is the store that cannot be used now, whatever it is asked for. */
  get isOutage(): boolean {
    return this.problem === 'away' || this.problem === 'refused';
  }
}

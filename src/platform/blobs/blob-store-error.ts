/** `full`: no room; `missing`: no such object; `damaged`: not the object that was stored; `unsafe`: the path leads elsewhere. */
export type BlobStoreProblem = 'full' | 'missing' | 'damaged' | 'unsafe';

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
}

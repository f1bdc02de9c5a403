/** A folder that the principal may work in, with its key. */
export interface OpenFolder {
  readonly id: string;
  readonly ownerId: string;
  readonly isRoot: boolean;
  readonly keyVersion: number;
  /** Must still be the folder's when a write commits. */
  readonly epoch: number;
  /** 32 bytes. */
  readonly key: Buffer;
  /** Whether it has a lock, which the principal has opened: nothing of it may be kept anywhere. */
  readonly isLocked: boolean;
  /** By which grant the principal has it, when it has a lock. */
  readonly grantId?: string;
}

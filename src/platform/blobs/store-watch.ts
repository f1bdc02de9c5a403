import type { Logger } from 'pino';
import type { BlobStoreError } from './blob-store-error';

/** Says once that the store has gone, or lets nobody in, and once that it is back, however many requests fail meanwhile. */
export class StoreWatch {
  private lost?: string;

  constructor(private readonly logger: Logger) {}

  /** A request was answered, even if by a refusal of it alone. */
  answered(): void {
    if (this.lost === undefined) return;
    this.lost = undefined;
    this.logger.info('the object store is back');
  }

  failed(error: BlobStoreError): void {
    if (!error.isOutage) return this.answered();
    if (this.lost === error.problem) return;
    this.lost = error.problem;
    const reason = (error.cause as Error).message;
    if (error.problem === 'away')
      this.logger.warn({ reason }, 'the object store is away: uploads and downloads get 503');
    else this.logger.error({ reason }, 'the object store lets nobody in: look at S3_BUCKET, its keys and their rights');
  }
}

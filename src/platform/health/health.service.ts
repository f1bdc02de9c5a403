import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { BlobStore } from '../blobs/blob-store';
import { ServerErrors } from '../http/http.errors';

/** Whether this process can serve. */
@Injectable()
export class HealthService {
  private shuttingDown = false;

  constructor(
    private readonly dataSource: DataSource,
    private readonly store: BlobStore,
  ) {}

  /** @throws {AppError} `SERVER.NOT_READY` that names what is missing */
  async check(): Promise<void> {
    if (this.shuttingDown) throw ServerErrors.notReady({ detail: 'shutting_down' });
    await this.demand('database', () => this.dataSource.query('SELECT 1'));
    await this.demand('blobs', () => this.store.check());
  }

  /** From here on nothing new should be sent here. */
  beginShutdown(): void {
    this.shuttingDown = true;
  }

  private async demand(what: string, work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      throw ServerErrors.notReady({ detail: what, cause: error });
    }
  }
}

import { type PipeTransform } from '@nestjs/common';
import { isUuid } from '../database/uuid';
import type { ErrorFactory } from '../errors/error-registry';

/** A malformed id is answered exactly like one that does not exist, and never reaches the database. */
export class IdPipe implements PipeTransform<string, string> {
  constructor(private readonly notFound: ErrorFactory) {}

  transform(value: string): string {
    if (!isUuid(value)) throw this.notFound();
    return value.toLowerCase();
  }
}

import { defineError } from '../../platform/errors/error-registry';

export const ExportErrors = {
  tooMany: defineError(
    'EXPORT.TOO_MANY',
    429,
    'Too many exports of this account are being prepared: wait as long as Retry-After says.',
  ),
  changedMeanwhile: defineError(
    'EXPORT.CHANGED_MEANWHILE',
    409,
    'What is exported was changed at the same moment; begin again.',
  ),
};

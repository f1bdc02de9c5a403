import { ServerErrors } from '../platform/http/http.errors';
import { defineError } from '../platform/errors/error-registry';

export const VaultErrors = {
  /** A sweeper has taken the blob, as after a long sleep of the machine; nothing was stored. */
  leaseLost: defineError('UPLOAD.INTERRUPTED', 503, 'The upload could not be completed; send it again.', 'warn'),
  storageAway: defineError(
    'VAULT.STORAGE_AWAY',
    503,
    'The stored files are not reachable just now; try again shortly.',
    'warn',
  ),
  storageFull: ServerErrors.storageFull,
  quotaExceeded: defineError('QUOTA.EXCEEDED', 507, 'Your quota has no room for this file. Nothing was changed.'),
  /** A stored object is missing or is not what was stored. Always an alert, never silently dropped. */
  damaged: defineError('VAULT.DAMAGED', 500, 'The stored data could not be read back intact.', 'error', 'integrity'),
};

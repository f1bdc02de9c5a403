import { DecryptionError } from '../platform/crypto/decryption-error';
import { VaultErrors } from './vault.errors';

/**
 * Opens something that was sealed here. What does not open was changed behind our back, which is an alert and not a mere fault.
 * @throws {AppError} `VAULT.DAMAGED`
 */
export function orDamaged<T>(open: () => T): T {
  try {
    return open();
  } catch (error) {
    throw error instanceof DecryptionError ? VaultErrors.damaged({ cause: error }) : error;
  }
}

import { validateSync } from 'class-validator';
import { InvalidArgumentError } from 'commander';
import { RequestPinDto } from '../auth/pin/request-pin.dto';
import { normalizeEmail } from '../platform/crypto/blind-index';
import { isUuid } from '../platform/database/uuid';

/** The one spelling of an address that could sign up, by the same rules. */
export function parseEmail(text: string): string {
  try {
    if (validateSync(Object.assign(new RequestPinDto(), { email: text, deviceId: 'vault' })).length === 0) {
      return normalizeEmail(text);
    }
  } catch {
    // It looked like an address, and its domain is none.
  }
  throw new InvalidArgumentError('It is not an e-mail address.');
}

export function parseId(text: string): string {
  if (!isUuid(text)) throw new InvalidArgumentError('It is not an id.');
  return text.toLowerCase();
}

import { defineError } from '../platform/errors/error-registry';

export const AuthErrors = {
  /** One text for wrong, expired, used, unknown, decoy and another device's. */
  pinRefused: defineError('AUTH.PIN_REFUSED', 401, 'This PIN is not valid. Ask for a new one if it keeps failing.'),
  deviceNotFound: defineError('DEVICE.NOT_FOUND', 404, 'There is no such trusted device.'),
  sessionNotFound: defineError('SESSION.NOT_FOUND', 404, 'There is no such session.'),
};

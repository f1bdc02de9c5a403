import { defineError } from '../errors/error-registry';

export const PasswordErrors = {
  refused: defineError('PASSWORD.REFUSED', 422, 'This password cannot be used.'),
  tooManyGuesses: defineError(
    'PASSWORD.TOO_MANY_GUESSES',
    429,
    'Too many wrong passwords: wait as long as Retry-After says. Until then the right one is refused too.',
  ),
  busy: defineError('PASSWORD.BUSY', 503, 'Too many passwords are being checked just now; try again shortly.', 'warn'),
};

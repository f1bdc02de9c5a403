import type { AppError } from '../errors/app-error';
import { newPassword } from './new-password';

describe('a new password', () => {
  it.each([
    ['correct horse battery', 'correct horse battery'],
    ['grün-Gru\u0308n', 'grün-Grün'],
    ['写真写', '写真写'],
    ['x'.repeat(128) + 'y'.repeat(128), 'x'.repeat(128) + 'y'.repeat(128)],
  ])('%j is one, in NFC', (typed, password) => {
    expect(newPassword(typed)).toBe(password);
  });

  it.each([
    ['', 'at least 8'],
    ['secret!', 'at least 8'],
    ['ü'.repeat(129), 'at most 256'],
    ['password1', 'everybody tries'],
    ['PassWord1', 'everybody tries'],
    ['12345678', 'everybody tries'],
    ['line\nfeed!', 'control'],
    ['half \ud800 a pair', 'control'],
  ])('%j is none: %s', (typed, reason) => {
    expect.assertions(2);
    try {
      newPassword(typed);
    } catch (error) {
      expect((error as AppError).definition.code).toBe('PASSWORD.REFUSED');
      expect((error as AppError).detail).toContain(reason);
    }
  });
});

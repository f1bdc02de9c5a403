/**
 * A sealed message did not open: wrong key, wrong context, truncated, reordered or altered bytes.
 *
 * Which of them it was is not told apart beyond what the reader of a log needs, and the message never holds a key, a
 * context or plaintext. Callers treat it as an integrity alert, except where a wrong key is a wrong password.
 */
export class DecryptionError extends Error {
  override readonly name = 'DecryptionError';
}

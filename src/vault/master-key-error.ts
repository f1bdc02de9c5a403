/** The master key cannot be used; the message is a sentence for whoever starts the server. */
export class MasterKeyError extends Error {
  override readonly name = 'MasterKeyError';
}

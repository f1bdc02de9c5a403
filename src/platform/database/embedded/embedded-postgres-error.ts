/**
 * The embedded database cannot be used. `message` is one or more full sentences for the person who started the program and
 * says what to do about it; it holds no secret and may be printed as it is.
 */
export class EmbeddedPostgresError extends Error {
  override readonly name = 'EmbeddedPostgresError';
}

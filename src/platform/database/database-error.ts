/** The database cannot be used; the message is a sentence for whoever starts the server. */
export class DatabaseError extends Error {
  override readonly name = 'DatabaseError';
}

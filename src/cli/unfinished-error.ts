/** The command has said what it found, and that is not how things should be: exit code 1, and this sentence. */
export class UnfinishedError extends Error {
  override readonly name = 'UnfinishedError';
}

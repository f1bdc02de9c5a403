/** An entry's bytes were not those that the archive had announced. */
export class ZipEntryError extends Error {
  /** @param position of the entry in the archive, from 1 */
  constructor(readonly position: number) {
    super(`entry ${position} of the archive does not have the announced bytes`);
    this.name = 'ZipEntryError';
  }
}

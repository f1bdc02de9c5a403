/** A worker that gave no answer: it did not even start, it took too long, or it died. */
export class RenderFailure extends Error {
  constructor(
    readonly reason: 'start' | 'time' | 'died',
    cause?: unknown,
  ) {
    super(`a rendition's worker gave no answer: ${reason}`, { cause });
    this.name = 'RenderFailure';
  }
}

/** A worker that gave no answer: it did not come so far that it had the picture, it took too long with it, or it died. */
export class RenderFailure extends Error {
  constructor(
    readonly reason: 'start' | 'time' | 'died',
    cause?: unknown,
  ) {
    super(`a rendition's worker gave no answer: ${reason}`, { cause });
    this.name = 'RenderFailure';
  }
}

import { AppError } from '../platform/errors/app-error';

/** What became of one of many things. */
export interface ItemOutcome<T = void> {
  readonly id: string;
  /** Why not, when something kept it from being done. */
  readonly error?: AppError;
  readonly result?: T;
}

/**
 * Does something to one thing after the other: what fails for one does not keep the others.
 * @throws what is no {@link AppError}: the rest is not done then, and all of it may be asked for again
 */
export async function eachOf<T>(ids: readonly string[], work: (id: string) => Promise<T>): Promise<ItemOutcome<T>[]> {
  const outcomes: ItemOutcome<T>[] = [];
  for (const id of ids) {
    try {
      outcomes.push({ id, result: await work(id) });
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      outcomes.push({ id, error });
    }
  }
  return outcomes;
}

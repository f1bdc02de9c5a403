import { Injectable } from '@nestjs/common';
import { AppError } from '../../platform/errors/app-error';
import { RequestErrors } from '../../platform/http/http.errors';
import { Metrics, type WordCounter } from '../../platform/metrics/metrics';

/** `not_compared`: the PIN was used up, expired, unknown or of another device, or its budget was spent; `failed`: a fault of the server. */
const OUTCOMES = ['right', 'wrong', 'not_compared', 'too_many', 'failed'] as const;
type Outcome = (typeof OUTCOMES)[number];

/** Says what became of a guess; the last word counts. */
export type Reporter = (outcome: Outcome) => void;

/** How guesses at PINs end, of everybody together: figures know no account, and do not tell whether there is one. */
@Injectable()
export class PinMetrics {
  private readonly guesses: WordCounter<Outcome>;

  constructor(metrics: Metrics) {
    this.guesses = metrics.counter({
      name: 'photovault_pin_guesses_total',
      help: 'PINs and codes that came back, by what became of them.',
      label: 'outcome',
      words: OUTCOMES,
    });
  }

  /** Counts one guess. What it does not report is taken from how it fails. */
  async ofGuess<T>(work: (report: Reporter) => Promise<T>): Promise<T> {
    let outcome: Outcome | undefined;
    try {
      return await work((reported) => (outcome = reported));
    } catch (error) {
      outcome ??= outcomeOf(error);
      throw error;
    } finally {
      if (outcome) this.guesses.add(outcome);
    }
  }
}

function outcomeOf(error: unknown): Outcome {
  if (!(error instanceof AppError) || error.definition.status >= 500) return 'failed';
  return error.definition === RequestErrors.tooMany.definition ? 'too_many' : 'not_compared';
}

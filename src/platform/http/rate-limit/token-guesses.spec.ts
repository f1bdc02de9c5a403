import { AppError } from '../../errors/app-error';
import { type GuessOutcome, TokenGuesses } from './token-guesses';

let guesses: TokenGuesses;
let tokens = 0;

beforeEach(() => (guesses = new TokenGuesses({ name: 'unauthenticated', quota: 3 })));
afterEach(() => jest.useRealTimers());

/** A request with a token, a new one unless it says which, and how it ended; false when it was not let in. */
async function guess(outcome: GuessOutcome, key = `token ${++tokens}`, network = '192.0.2.1'): Promise<boolean> {
  try {
    (await guesses.begin(network, key))(outcome);
    return true;
  } catch (error) {
    expect((error as AppError).definition.code).toBe('REQUEST.TOO_MANY');
    return false;
  }
}

async function times(n: number, outcome: GuessOutcome, key?: string): Promise<number> {
  let letIn = 0;
  for (let i = 0; i < n; i++) if (await guess(outcome, key)) letIn++;
  return letIn;
}

describe('a network may show tokens', () => {
  it.each<GuessOutcome>(['refused', 'abandoned'])(
    'up to its quota when they are %s, new or the same',
    async (outcome) => {
      expect(await times(2, outcome)).toBe(2);
      expect(await times(5, outcome, 'same')).toBe(1);
      expect(await guess(outcome, 'other', '192.0.2.2')).toBe(true);
    },
  );

  it.each<GuessOutcome>(['proved', 'undecided'])('without end when they are %s', async (outcome) => {
    expect(await times(20, outcome)).toBe(20);
    expect(await times(5, 'refused')).toBe(3);
  });

  it('while others of it have used the quota up, when they were real the last time', async () => {
    await guess('proved', 'real');
    await times(5, 'refused');
    for (const outcome of ['proved', 'abandoned', 'undecided', 'proved'] as const) {
      expect(await guess(outcome, 'real')).toBe(true);
    }
    expect(await guess('proved', 'as real, but new')).toBe(false);
  });

  it('that were real until now once more, and that counts', async () => {
    await guess('proved', 'real');
    expect(await times(10, 'refused', 'real')).toBe(3);
  });

  it('again when the minute is over, and gets back nothing of the minute before', async () => {
    const now = Date.now();
    jest.useFakeTimers({ now, doNotFake: ['nextTick', 'queueMicrotask'] });
    const settle = await guesses.begin('192.0.2.1', 'a long upload');
    await times(5, 'refused');
    jest.setSystemTime(now + 60_000);
    expect(await times(2, 'refused')).toBe(2);
    settle('proved');
    expect(await times(5, 'refused')).toBe(1);
  });
});

describe('what is remembered of real tokens', () => {
  it('is bounded: the one that was not used for the longest time is forgotten first', async () => {
    await guess('proved', 'old');
    await guess('proved', 'old, but in use');
    await times(9_998, 'proved');
    await guess('proved', 'old, but in use');
    await guess('proved', 'new');
    await times(5, 'refused');
    expect(await guess('proved', 'old')).toBe(false);
    expect(await guess('proved', 'old, but in use')).toBe(true);
    expect(await guess('proved', 'new')).toBe(true);
  });
});

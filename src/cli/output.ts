/** Every command has it: what it says as JSON, for scripts. */
export const JSON_OPTION = ['--json', 'Print JSON, for scripts.'] as const;

export interface OutputOptions {
  readonly json?: true;
}

/** What was asked for, on stdout. */
export function say({ json }: OutputOptions, result: unknown, sentence: string): void {
  process.stdout.write(`${json ? JSON.stringify(result) : sentence}\n`);
}

const PROGRESS_MS = 100;

/** How far something is, on stderr and in one line that changes; only where a person watches. `end` takes the line away. */
export function showProgress(): { show: (text: string) => void; end: () => void } {
  let shownAt = 0;
  return {
    show: (text) => {
      if (!process.stderr.isTTY || Date.now() - shownAt < PROGRESS_MS) return;
      shownAt = Date.now();
      process.stderr.write(`\r\u001b[K${text}`);
    },
    end: () => {
      if (shownAt > 0) process.stderr.write('\r\u001b[K');
      shownAt = 0;
    },
  };
}

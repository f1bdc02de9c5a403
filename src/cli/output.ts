/** Every command has it: what it says as JSON, for scripts. */
export const JSON_OPTION = ['--json', 'Print JSON, for scripts.'] as const;

export interface OutputOptions {
  readonly json?: true;
}

/** What was asked for, on stdout. */
export function say({ json }: OutputOptions, result: unknown, sentence: string): void {
  process.stdout.write(`${json ? JSON.stringify(result) : sentence}\n`);
}

/** How far something is, on stderr and in one line that changes; only where a person watches. @returns what ends the line */
export function showProgress(): { show: (text: string) => void; end: () => void } {
  const watched = process.stderr.isTTY;
  let shown = false;
  return {
    show: (text) => {
      if (watched) shown = process.stderr.write(`\r\u001b[K${text}`) || true;
    },
    end: () => {
      if (shown) process.stderr.write('\r\u001b[K');
      shown = false;
    },
  };
}

import { setTimeout as sleep } from 'node:timers/promises';

/** Collects what a logger writes, and finds PINs in it the way a person would. */
export class LogLines {
  readonly lines: string[] = [];

  write(line: string): void {
    this.lines.push(line);
  }

  get text(): string {
    return this.lines.join('');
  }

  /** The newest text of a form, taken out or not; empty when there is none. @param form with one group */
  newest(form: RegExp): string {
    return form.exec(this.lines.findLast((line) => form.test(line)) ?? '')?.[1] ?? '';
  }

  /** Takes out every PIN that is there: whoever is one behind would stay so. */
  forgetPins(): void {
    for (const [index, line] of this.lines.entries())
      if (/PIN [0-9A-Z]+ for /.test(line) && !line.includes('"taken":true'))
        this.lines[index] = line.replace('{', '{"taken":true,');
  }

  /** Waits for the newest PIN of an address and takes it out, so that the next call waits for the next PIN. */
  async pinFor(email: string): Promise<string> {
    for (let tries = 0; tries < 2000; tries++) {
      const pin = this.takePin(email);
      if (pin !== undefined) return pin;
      await sleep(10);
    }
    throw new Error(`no PIN for ${email} was logged`);
  }

  /** The newest PIN of an address that nobody has taken yet, if it is there. */
  takePin(email: string): string | undefined {
    const pattern = new RegExp(`PIN ([0-9A-Z]+) for ${email.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}\\b`);
    const index = this.lines.findLastIndex((line) => pattern.test(line) && !line.includes('"taken":true'));
    const line = this.lines[index];
    const pin = line === undefined ? undefined : pattern.exec(line)?.[1];
    if (line !== undefined && pin !== undefined) this.lines[index] = line.replace('{', '{"taken":true,');
    return pin;
  }
}

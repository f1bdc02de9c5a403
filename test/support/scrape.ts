/** What a scrape of the figures says, as Prometheus would read it. */
export class Scrape {
  /** Each series, as `name{label="value",…}`, with its value. */
  readonly series = new Map<string, number>();

  private constructor(readonly text: string) {
    for (const line of text.split('\n')) {
      if (line === '' || line.startsWith('#')) continue;
      const [, series = '', value = ''] = /^(\S+?(?:\{.*\})?) (\S+)$/.exec(line) ?? [];
      if (series === '') throw new Error(`a scrape has a line that is no figure: ${line}`);
      this.series.set(series, Number(value));
    }
  }

  /** @param url as the log says it */
  static async of(url: string): Promise<Scrape> {
    const response = await fetch(url);
    if (response.status !== 200) throw new Error(`a scrape was answered ${response.status}`);
    return new Scrape(await response.text());
  }

  /** The value of a series; undefined where there is none. */
  value(series: string): number | undefined {
    return this.series.get(series);
  }

  /** The sum of all series of one name, whose labels contain some text. */
  sum(name: string, labels = ''): number {
    let sum = 0;
    for (const [series, value] of this.series) {
      if (series.replace(/\{.*/, '') === name && series.includes(labels)) sum += value;
    }
    return sum;
  }

  /** Names of all figures, as their `# TYPE` lines have them. */
  get names(): string[] {
    return Array.from(this.text.matchAll(/^# TYPE (\S+) /gm), ([, name = '']) => name);
  }
}

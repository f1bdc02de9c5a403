import { Injectable } from '@nestjs/common';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { AppConfig } from '../config/app-config';

/** What every figure has. */
export interface MetricText {
  /** In Prometheus' style: `photovault_` before it, its unit behind it, and `_total` where it only grows. */
  readonly name: string;
  /** One sentence. */
  readonly help: string;
}

/** A figure for each word of a label. The words are in the code, and few: never what a client or a person has chosen. */
export interface LabelledText<Word extends string> extends MetricText {
  readonly label: string;
  readonly words: readonly Word[];
}

/** Counts events by one word each. */
export interface WordCounter<Word extends string> {
  add(word: Word): void;
}

/** Counts durations by one word each. */
export interface WordTimer<Word extends string> {
  observe(word: Word, seconds: number): void;
}

/**
 * The figures of this process. A room makes its own with the methods here, once, in a constructor. Where nobody asks for them (no
 * `METRICS_PORT`) they cost a comparison.
 */
@Injectable()
export class Metrics {
  readonly registry = new Registry();
  /** Whether anybody can ask for them. */
  readonly isOn: boolean;

  constructor(config: AppConfig) {
    this.isOn = config.get('METRICS_PORT') !== undefined;
    if (this.isOn) collectDefaultMetrics({ register: this.registry });
  }

  /** Every word is there from the start, at 0, so that the first event of its kind is seen as one. */
  counter<Word extends string>({ name, help, label, words }: LabelledText<Word>): WordCounter<Word> {
    if (!this.isOn) return { add: () => undefined };
    const counter = new Counter({ name, help, labelNames: [label], registers: [this.registry] });
    for (const word of words) counter.inc({ [label]: word }, 0);
    return { add: (word) => counter.inc({ [label]: word }) };
  }

  /** @param buckets upper bounds in seconds, ascending */
  timer<Word extends string>(text: LabelledText<Word>, buckets: readonly number[]): WordTimer<Word> {
    if (!this.isOn) return { observe: () => undefined };
    const { name, help, label, words } = text;
    const registers = [this.registry];
    const histogram = new Histogram({ name, help, labelNames: [label], buckets: [...buckets], registers });
    for (const word of words) histogram.zero({ [label]: word });
    return { observe: (word, seconds) => histogram.observe({ [label]: word }, seconds) };
  }

  /** @param read asked at each scrape; null shows nothing */
  gauge({ name, help }: MetricText, read: () => number | null | Promise<number | null>): void {
    if (!this.isOn) return;
    new Gauge({
      name,
      help,
      registers: [this.registry],
      async collect() {
        const value = await read();
        if (value === null) this.remove();
        else this.set(value);
      },
    });
  }

  /** @param read asked at each scrape; what it says only grows */
  total({ name, help }: MetricText, read: () => number): void {
    if (!this.isOn) return;
    new Counter({
      name,
      help,
      registers: [this.registry],
      collect() {
        this.reset();
        this.inc(read());
      },
    });
  }
}

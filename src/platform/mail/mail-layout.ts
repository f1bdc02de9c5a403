import { coarseIp } from '../http/coarse-ip';
import type { Mail } from './mailer';

/** What a mail says, before it has a form. */
export interface MailContent {
  readonly heading: string;
  /** Above the code. */
  readonly paragraphs: readonly string[];
  /** Alone on its line, so that it is found and copied at once. */
  readonly code?: string;
  /** Below the code: what it is good for. */
  readonly notes?: readonly string[];
  /** Each on its line; what is null is left out. Values may come from anybody. */
  readonly facts: readonly Fact[];
  readonly footer: string;
  /** The only link of any mail. */
  readonly publicUrl: string;
}

export type Fact = readonly [label: string, value: string | null];

/** Who did something, from where, and when. */
export interface Circumstances {
  readonly device: string | null;
  readonly ip: string | null;
  readonly at: Date;
}

/** The same for the reader of a mail: the device's label, the network about, the time in UTC. */
export function circumstances({ device, ip, at }: Circumstances): Fact[] {
  return [
    ['Device', device],
    ['Near', ip === null ? null : coarseIp(ip)],
    ['Time', inWords(at)],
  ];
}

/** Lays a mail out twice, as text and as HTML that needs nothing but itself. */
export function layOut(content: MailContent): Pick<Mail, 'text' | 'html'> {
  const facts = content.facts.flatMap(([label, value]) => (value === null ? [] : [[label, tame(value)] as const]));
  return { text: asText(content, facts), html: asHtml(content, facts) };
}

type TameFacts = readonly (readonly [label: string, value: string])[];

function asText({ paragraphs, code, notes = [], footer, publicUrl }: MailContent, facts: TameFacts): string {
  const lines = [...facts, ['Vault', publicUrl] as const];
  const width = Math.max(...lines.map(([label]) => label.length)) + 2;
  const table = lines.map(([label, value]) => `${label}:`.padEnd(width) + value).join('\n');
  return [...paragraphs, ...(code === undefined ? [] : [`    ${code}`]), ...notes, table, footer].join('\n\n');
}

/** Mail programs know little CSS, and that only inline; without colours of our own, dark and light are the reader's choice. */
function asHtml({ heading, paragraphs, code, notes = [], footer, publicUrl }: MailContent, facts: TameFacts): string {
  const paragraph = (text: string): string => `<p style="margin:0 0 16px">${escape(text)}</p>`;
  const url = escape(publicUrl);
  return [
    '<!doctype html>',
    '<html lang="en">',
    `<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escape(heading)}</title></head>`,
    '<body style="margin:0;padding:24px;font:16px/1.5 sans-serif">',
    '<div style="max-width:520px;margin:0 auto">',
    `<h1 style="margin:0 0 16px;font-size:20px">${escape(heading)}</h1>`,
    ...paragraphs.map(paragraph),
    ...(code === undefined
      ? []
      : [`<p style="margin:0 0 16px;font:bold 32px/1.5 monospace;letter-spacing:4px">${escape(code)}</p>`]),
    ...notes.map(paragraph),
    '<p style="margin:0 0 16px;padding:8px 0 8px 16px;border-left:3px solid #888">',
    // An isolate: letters that run from right to left must not carry a label away.
    ...facts.map(([label, value]) => `${escape(label)}: <bdi>${escape(value)}</bdi><br>`),
    `Vault: <a href="${url}">${url}</a>`,
    '</p>',
    `<p style="margin:0;font-size:14px">${escape(footer)}</p>`,
    '</div>',
    '</body>',
    '</html>',
  ].join('\n');
}

const LONGEST_VALUE = 128;

/**
 * A value that a stranger may have chosen, harmless on one line: nothing that breaks the line or turns its direction (joiners of
 * letters and emoji stay), and nothing that mail programs would make a link of.
 */
function tame(value: string): string {
  const line = value
    .replace(/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]+/gu, ' ')
    .replace(/(?![\u200c\u200d])\p{Cf}/gu, '')
    .replace(/\/(?=\/)/g, '/ ')
    .replace(/(?<=\S)[.@](?=\p{L}{2})/gu, '$& ')
    .replace(/ +/g, ' ')
    .trim();
  const letters = [...line];
  return letters.length > LONGEST_VALUE ? `${letters.slice(0, LONGEST_VALUE - 1).join('')}…` : line;
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (letter) => ENTITIES[letter] ?? '');
}

/** A moment as people read it, to the minute; in UTC, because nobody knows where the reader is. */
export function inWords(at: Date): string {
  return `${at.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

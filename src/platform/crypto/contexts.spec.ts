import * as contexts from './contexts';
import { BlobKind, ShareTarget, SlotType } from './contexts';

const id = (byte: string) =>
  `${byte.repeat(4)}-${byte.repeat(2)}-${byte.repeat(2)}-${byte.repeat(2)}-${byte.repeat(6)}`;
const bytes = (byte: string) => byte.repeat(16);
const [a, b, c, d] = [id('a1'), id('b2'), id('c3'), id('d4')];
const [A, B, C, D] = [bytes('a1'), bytes('b2'), bytes('c3'), bytes('d4')];

/** Some of these errors are thrown by Node itself, whose RangeError is not the one of jest's sandbox. */
const aRangeError = expect.objectContaining({ name: 'RangeError' }) as Error;

/** Every builder, called with fields that can be told apart, and the bytes it must give: label, then hex. */
const table: [name: string, built: Buffer, label: string, fields: string][] = [
  ['userKeyContext', contexts.userKeyContext(a, 2), 'pv1/wrap/user-key', `${A}00000002`],
  [
    'serverSecretContext',
    contexts.serverSecretContext(2, 3, 'pin-pepper'),
    'pv1/wrap/server-secret',
    `0000000200000003${Buffer.from('pin-pepper').toString('hex')}`,
  ],
  ['folderKeyContext', contexts.folderKeyContext(a, b, 2), 'pv1/wrap/folder-key', `${A}${B}00000002`],
  [
    'folderSlotContext',
    contexts.folderSlotContext(a, b, 3, c, SlotType.recovery),
    'pv1/wrap/folder-slot',
    `${A}${B}00000003${C}02`,
  ],
  ['fileKeyContext', contexts.fileKeyContext(a, b, 2, c, 3), 'pv1/wrap/file-key', `${A}${B}00000002${C}00000003`],
  ['grantContext', contexts.grantContext(a, b, 2, c, 3), 'pv1/wrap/grant', `${A}${B}00000002${C}0000000000000003`],
  [
    'shareContext',
    contexts.shareContext(a, b, ShareTarget.file, c, 3, 4),
    'pv1/wrap/share',
    `${A}${B}02${C}000000030000000000000004`,
  ],
  ['uploadKeyContext', contexts.uploadKeyContext(a, b, 2, c), 'pv1/wrap/upload-key', `${A}${B}00000002${C}`],
  [
    'shareSessionContext',
    contexts.shareSessionContext(a, b, 2n ** 64n - 1n),
    'pv1/wrap/share-session',
    `${A}${B}ffffffffffffffff`,
  ],
  ['fileMetadataContext', contexts.fileMetadataContext(a, b, c, 2), 'pv1/meta/file', `${A}${B}${C}00000002`],
  ['folderNameContext', contexts.folderNameContext(a, b), 'pv1/meta/folder', `${A}${B}`],
  ['emailContext', contexts.emailContext(a), 'pv1/meta/email', A],
  ['shareFileContext', contexts.shareFileContext(a, b), 'pv1/meta/share-file', `${A}${B}`],
  ['shareLabelContext', contexts.shareLabelContext(a, 4), 'pv1/meta/share-label', `${A}0000000000000004`],
  ['mailboxContext', contexts.mailboxContext(a), 'pv1/meta/mailbox', A],
  ['blobContext', contexts.blobContext(a, b, c, BlobKind.preview), 'pv1/blob', `${A}${B}${C}02`],
  ['uploadPartContext', contexts.uploadPartContext(a, b, 2, 2 ** 40), 'pv1/part', `${A}${B}000000020000010000000000`],
  ['lockPepperInfo', contexts.lockPepperInfo(a), 'pv1/kdf/lock-pepper', A],
  ['sharePepperInfo', contexts.sharePepperInfo(a), 'pv1/kdf/share-pepper', A],
  ['folderSlotInfo', contexts.folderSlotInfo(a, b, 2), 'pv1/kdf/folder-slot', `${A}${B}00000002`],
  ['shareInfo', contexts.shareInfo(a, ShareTarget.file, b, 2), 'pv1/kdf/share', `${A}02${B}00000002`],
  ['grantInfo', contexts.grantInfo(a, b), 'pv1/kdf/grant', `${A}${B}`],
  ['shareSessionInfo', contexts.shareSessionInfo(d), 'pv1/kdf/share-session', D],
];

it.each(table)('%s', (_name, built, label, fields) => {
  expect(built.toString('hex')).toBe(`${Buffer.from(label).toString('hex')}00${fields}`);
});

it('the table above names every builder', () => {
  const builders = Object.entries(contexts).filter(([, value]) => typeof value === 'function');
  expect(table.map(([name]) => name).sort()).toEqual(builders.map(([name]) => name).sort());
});

it('no two builders share a label', () => {
  expect(new Set(table.map(([, , label]) => label)).size).toBe(table.length);
});

it('takes an id in either case, and nothing that is no id', () => {
  expect(contexts.emailContext(a.toUpperCase())).toEqual(contexts.emailContext(a));
  for (const text of [
    '',
    a.replaceAll('-', ''),
    `{${a}}`,
    `${a} `,
    `${a}\n`,
    a.slice(1),
    `${a}0`,
    a.replace('a', 'g'),
  ]) {
    expect(() => contexts.emailContext(text)).toThrow(RangeError);
  }
});

it('refuses numbers that do not fit their field', () => {
  for (const number of [-1, 0.5, 2 ** 32, Number.NaN, 2 ** 53]) {
    expect(() => contexts.userKeyContext(a, number)).toThrow(aRangeError);
  }
  for (const kind of [-1, 0.5, 256, Number.NaN]) {
    expect(() => contexts.blobContext(a, b, c, kind as BlobKind)).toThrow(aRangeError);
  }
  for (const number of [-1, 0.5, Number.NaN, -1n, 2n ** 64n]) {
    expect(() => contexts.shareSessionContext(a, b, number)).toThrow(aRangeError);
  }
});

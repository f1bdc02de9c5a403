import { deletionMail, type DeletionMailFacts } from './deletion-mail';

const FACTS: DeletionMailFacts = {
  to: 'alice@example.com',
  requestedBy: 'owner',
  requestedAt: new Date('2026-11-20T10:00:30Z'),
  removedAt: new Date('2026-11-20T10:07:00Z'),
  counts: { files: 12_345, bytes: 73_400_320, folders: 3, shares: 0 },
  backupDays: undefined,
  publicUrl: 'https://photos.example.com',
};

const text = (change: Partial<DeletionMailFacts> = {}) => deletionMail({ ...FACTS, ...change }).text;

describe('the mail at the end of a deletion', () => {
  it('says how much of what was destroyed, and when', () => {
    expect(deletionMail(FACTS).to).toBe('alice@example.com');
    expect(text()).toMatch(/^Files: +12,345$/m);
    expect(text()).toMatch(/^Bytes: +73,400,320$/m);
    expect(text()).toMatch(/^Folders: +3$/m);
    expect(text()).toMatch(/^Shares: +0$/m);
    expect(text()).toMatch(/^Keys destroyed: +2026-11-20 10:00 UTC$/m);
    expect(text()).toMatch(/^All gone: +2026-11-20 10:07 UTC$/m);
  });

  it.each([
    [
      undefined,
      /may still hold your Photovault together with its keys\. How long they are kept is for whoever runs this/,
    ],
    [0, /Whoever runs this vault keeps no backups of it\./],
    [
      1,
      /together with its keys\. Whoever runs this vault keeps backups for 1 day: the last of these goes on 2026-11-21 10:00 UTC\./,
    ],
    [30, /keeps backups for 30 days: the last of these goes on 2026-12-20 10:00 UTC\./],
  ])('says what backups may still hold, and for how long, when they are kept for %s days', (backupDays, expected) => {
    expect(text({ backupDays })).toMatch(expected);
  });

  it('tells who wanted it, and what to do if that was wrong', () => {
    expect(text()).toContain('As you asked for');
    expect(text()).toContain('tell whoever runs this vault at once');
    expect(text({ requestedBy: 'operator' })).toContain('Whoever runs this vault has deleted your Photovault.');
    expect(text({ requestedBy: 'operator' })).not.toContain('As you asked for');
  });

  it('leaves counts in the log, and no address', () => {
    expect(deletionMail(FACTS).logLine).toContain('files: 12345, bytes: 73400320, folders: 3, shares: 0');
    expect(deletionMail(FACTS).logLine).not.toMatch(/@|PIN/);
  });
});

import { inWords, layOut } from '../../platform/mail/mail-layout';
import type { Mail } from '../../platform/mail/mailer';
import type { DeletionRequester } from './account-deletion.entity';
import type { AccountCounts } from './closing.repository';

/** What the last mail tells its reader. */
export interface DeletionMailFacts {
  readonly to: string;
  readonly requestedBy: DeletionRequester;
  /** When the keys were destroyed. */
  readonly requestedAt: Date;
  /** When the last byte was gone. */
  readonly removedAt: Date;
  readonly counts: AccountCounts;
  /** Days that backups are kept; undefined when whoever runs the vault has not said. */
  readonly backupDays: number | undefined;
  readonly publicUrl: string;
}

const DAY_MS = 86_400_000;

const OPENING: Record<DeletionRequester, string> = {
  owner: 'As you asked for, your Photovault was deleted. Nothing of it is left in this vault.',
  operator: 'Whoever runs this vault has deleted your Photovault. Nothing of it is left in it.',
};

const FOOTER: Record<DeletionRequester, string> = {
  owner:
    'If it was not you who asked for this, somebody was signed in as you: tell whoever runs this vault at once, and change the password of ' +
    'this mailbox, because PINs could be read in it.',
  operator: 'If you did not know of this, ask whoever runs this vault.',
};

/** The mail at the end of a deletion: what was destroyed, and what may be left where the vault does not reach. */
export function deletionMail(facts: DeletionMailFacts): Mail {
  const { to, requestedBy, requestedAt, removedAt, counts, publicUrl } = facts;
  const { files, bytes, folders, shares } = counts;
  const subject = 'Your Photovault was deleted';
  return {
    to,
    subject,
    ...layOut({
      heading: subject,
      paragraphs: [
        OPENING[requestedBy],
        'Its keys were destroyed first. From that moment on nobody could open what was left, whoever had a copy of the stored files.',
      ],
      notes: [
        backups(facts),
        'The address is free. A Photovault that you open with it from now on has nothing to do with this one.',
      ],
      facts: [
        ['Files', inNumbers(files)],
        ['Bytes', inNumbers(bytes)],
        ['Folders', inNumbers(folders)],
        ['Shares', inNumbers(shares)],
        ['Keys destroyed', inWords(requestedAt)],
        ['All gone', inWords(removedAt)],
      ],
      footer: FOOTER[requestedBy],
      publicUrl,
    }),
    logLine: `An account was deleted (files: ${files}, bytes: ${bytes}, folders: ${folders}, shares: ${shares}); its owner would be told so.`,
  };
}

/** A backup from before has the keys as well as what they open. */
function backups({ backupDays: days, requestedAt }: DeletionMailFacts): string {
  if (days === 0) return 'Whoever runs this vault keeps no backups of it.';
  const may = 'Backups that were made before that moment may still hold your Photovault together with its keys. ';
  if (days === undefined) return `${may}How long they are kept is for whoever runs this vault to say: ask them.`;
  const until = inWords(new Date(requestedAt.getTime() + days * DAY_MS));
  return `${may}Whoever runs this vault keeps backups for ${days} day${days === 1 ? '' : 's'}: the last of these goes on ${until}.`;
}

function inNumbers(count: number): string {
  return count.toLocaleString('en');
}

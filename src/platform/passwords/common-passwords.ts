import { dictionary } from '@zxcvbn-ts/language-common';

/** Those of the list that are long enough to be refused for nothing else; the list is in lower case. */
let common: ReadonlySet<string> | undefined;

/** Whether a password, in whatever case, is one of the tens of thousands that leaked the most often. */
export function isCommonPassword(password: string): boolean {
  common ??= new Set(dictionary['passwords-common'].filter((each) => Buffer.byteLength(String(each)) >= 8).map(String));
  return common.has(password.toLowerCase());
}

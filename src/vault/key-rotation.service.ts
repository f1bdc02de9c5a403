import { setTimeout as delay } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { serverSecretContext, userKeyContext } from '../platform/crypto/contexts';
import { DecryptionError } from '../platform/crypto/decryption-error';
import { unwrapKey, wrapKey } from '../platform/crypto/sealed-value';
import { KeysRepository, type KeyUsage } from './keys.repository';
import { MasterKeyError } from './master-key-error';
import { type MasterKey, MasterKeyring } from './master-keyring';

/** Rows of one transaction: a few milliseconds. */
const BATCH = 200;
/** Between two rounds, when some rows were held by others. */
const PAUSE_MS = 200;

/** Where a vault stands with its master keys; nothing of it is secret. */
export interface KeyStatus {
  /** Numbers of the keys in the file, ascending. */
  readonly inFile: readonly number[];
  /** The one that wraps what is new. */
  readonly current: number;
  readonly inUse: readonly KeyUsage[];
  /** `rotating`: some rows are not under the newest key; `rotated`: all are, but older keys are still in the file; else `settled`. */
  readonly stage: 'settled' | 'rotating' | 'rotated';
  /** What a rotation still has to rewrap. */
  readonly toRewrap: { readonly serverSecrets: number; readonly userKeys: number };
  /** Numbers of the keys that nothing uses any more. */
  readonly retirable: readonly number[];
}

export interface Rotation {
  /** The key that wraps everything now. */
  readonly kid: number;
  /** `begun` with a new key; `resumed` with one that was in the file; `finished` before, so that nothing was done. */
  readonly how: 'begun' | 'resumed' | 'finished';
  readonly userKeys: number;
  /** Users whose key did not open, and stays as it is. */
  readonly damaged: readonly string[];
}

/**
 * Puts everything that the master key wraps under a new one, while servers run. What makes it safe: the new key is on disk before any
 * row needs it, the canary is rewrapped first (see `KeysRepository.holdKid`), and no key leaves the file while a row uses it. It may
 * die anywhere, and run twice at once.
 */
@Injectable()
export class KeyRotation {
  constructor(
    private readonly repository: KeysRepository,
    private readonly masterKeys: MasterKeyring,
  ) {}

  async status(tx?: EntityManager): Promise<KeyStatus> {
    const inFile = (await this.masterKeys.inFile()).map(({ kid }) => kid);
    const newest = Math.max(...inFile);
    const secrets = await this.repository.allSecrets(tx);
    const inUse = await this.repository.usage(tx);
    const old = inUse.filter(({ kid }) => kid !== newest);
    const sum = (what: 'serverSecrets' | 'userKeys') => old.reduce((total, usage) => total + usage[what], 0);
    return {
      inFile,
      current: secrets.find(({ purpose }) => purpose === 'canary')?.kid ?? newest,
      inUse,
      stage: old.length > 0 ? 'rotating' : inFile.length > 1 ? 'rotated' : 'settled',
      toRewrap: { serverSecrets: sum('serverSecrets'), userKeys: sum('userKeys') },
      retirable: old.length > 0 ? [] : inFile.filter((kid) => kid !== newest),
    };
  }

  /**
   * Begins a rotation, or goes on with one that is not at its end: there is never a third key. Resolves when no row is under an old
   * key, but for damaged ones.
   * @param onProgress told after each batch how many user keys are done and how many there were to do
   * @throws {MasterKeyError} when the key file cannot be replaced; nothing was changed then
   */
  async rotate(onProgress: (done: number, of: number) => void = () => undefined): Promise<Rotation> {
    const { how, target, toDo } = await this.begin();
    const damaged = new Set<string>();
    let userKeys = 0;
    for (;;) {
      for (let after: string | null = null, more = true; more;) {
        const batch = await this.rewrapBatch(target, after, damaged);
        userKeys += batch.rewrapped;
        onProgress(userKeys, Math.max(toDo, userKeys));
        more = batch.last !== null;
        after = batch.last;
      }
      const areLeft = await this.repository.areUserKeysNotUnder(target.kid, [...damaged]);
      if (!areLeft) return { kid: target.kid, how, userKeys, damaged: [...damaged] };
      await delay(PAUSE_MS);
    }
  }

  /**
   * Takes the keys out of the file that nothing uses any more. No row can come to use them again: the canary is under the newest key.
   * Servers that run forget them when they are started again.
   * @returns their numbers; none when there was nothing to retire
   * @throws {MasterKeyError} when a rotation is not at its end, or the file cannot be replaced
   */
  async retire(): Promise<readonly number[]> {
    return this.repository.transaction(async (tx) => {
      await this.repository.holdKidAlone(tx);
      const { stage, retirable, toRewrap } = await this.status(tx);
      if (stage === 'rotating') {
        const rows = `${toRewrap.serverSecrets} server secrets and ${toRewrap.userKeys} user keys`;
        throw new MasterKeyError(`Old keys are still needed: ${rows} are under them. Run "vault keys rotate" first.`);
      }
      if (retirable.length > 0) await this.masterKeys.retire(retirable);
      return retirable;
    });
  }

  /** One transaction, in which nobody else wraps a key: which key, and everything of the server itself under it. */
  private async begin(): Promise<{ how: Rotation['how']; target: MasterKey; toDo: number }> {
    return this.repository.transaction(async (tx) => {
      await this.repository.holdKidAlone(tx);
      const { stage, toRewrap, inUse } = await this.status(tx);
      const known = (await this.masterKeys.inFile()).at(-1);
      const target = stage === 'settled' || !known ? await this.masterKeys.add() : known;
      for (const secret of await this.repository.allSecrets(tx)) {
        if (secret.kid === target.kid) continue;
        const { version, purpose, kid, secretWrapped } = secret;
        const key = unwrapKey(
          await this.masterKeys.key(kid),
          serverSecretContext(kid, version, purpose),
          secretWrapped,
        );
        const wrapped = wrapKey(target.key, serverSecretContext(target.kid, version, purpose), key);
        await this.repository.updateSecret(tx, { purpose, version, kid: target.kid, secretWrapped: wrapped });
      }
      if (stage === 'rotating') return { how: 'resumed', target, toDo: toRewrap.userKeys };
      const all = inUse.reduce((total, { userKeys }) => total + userKeys, 0);
      return stage === 'rotated' ? { how: 'finished', target, toDo: 0 } : { how: 'begun', target, toDo: all };
    });
  }

  /** @returns how many were rewrapped, and the last row's id; null when there was no row left */
  private async rewrapBatch(
    target: MasterKey,
    after: string | null,
    damaged: Set<string>,
  ): Promise<{ rewrapped: number; last: string | null }> {
    return this.repository.transaction(async (tx) => {
      const rows = await this.repository.holdUserKeysNotUnder(tx, { kid: target.kid, after, limit: BATCH });
      const rewrapped: { userId: string; from: number; keyWrapped: Buffer }[] = [];
      for (const { userId, kid, keyWrapped } of rows) {
        const masterKey = await this.masterKeys.key(kid);
        try {
          const userKey = unwrapKey(masterKey, userKeyContext(userId, kid), keyWrapped);
          const wrapped = wrapKey(target.key, userKeyContext(userId, target.kid), userKey);
          rewrapped.push({ userId, from: kid, keyWrapped: wrapped });
        } catch (error) {
          if (!(error instanceof DecryptionError)) throw error;
          // One that nobody can open must not keep the others under an old key.
          damaged.add(userId);
        }
      }
      if (rewrapped.length > 0) await this.repository.rewrapUserKeys(tx, target.kid, rewrapped);
      return { rewrapped: rewrapped.length, last: rows.at(-1)?.userId ?? null };
    });
  }
}

import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { type EntityManager, Repository } from 'typeorm';
import { TrustedDeviceEntity } from './trusted-device.entity';

type NewDevice = Pick<TrustedDeviceEntity, 'id' | 'userId' | 'tokenHash' | 'deviceId' | 'deviceName'>;

/** Trusted devices; every expiry is by the database's clock. Where a challenge is locked as well, it is locked first. */
@Injectable()
export class TrustedDevicesRepository {
  constructor(@InjectRepository(TrustedDeviceEntity) private readonly rows: Repository<TrustedDeviceEntity>) {}

  /**
   * The device of a token, or null; a token that turns up under another label is a stranger's. One statement whatever is given, so that a
   * known address takes no more of them than an unknown one.
   * @param userId null, for an address without an account, finds nothing
   */
  async findLiveId(
    tx: EntityManager,
    userId: string | null,
    { tokenHash, deviceId }: Pick<TrustedDeviceEntity, 'tokenHash' | 'deviceId'>,
  ): Promise<string | null> {
    const [device] = await tx.query<{ id: string }[]>(
      `SELECT id FROM trusted_devices
        WHERE user_id = $1 AND token_hash = $2 AND device_id = $3 AND expires_at > clock_timestamp()`,
      [userId, tokenHash, deviceId],
    );
    return device?.id ?? null;
  }

  /** @param days that it stays trusted without being used to sign in */
  async insert(tx: EntityManager, device: NewDevice, days: number): Promise<void> {
    await tx.query(
      `INSERT INTO trusted_devices (id, user_id, token_hash, device_id, device_name, created_at, last_used_at, expires_at)
       SELECT $1, $2, $3, $4, $5, now, now, now + make_interval(days => $6) FROM clock_timestamp() AS now`,
      [device.id, device.userId, device.tokenHash, device.deviceId, device.deviceName, days],
    );
  }

  /** A new token for the same device; the old one is worth nothing from now on. */
  async rotate(
    tx: EntityManager,
    { id, tokenHash, deviceName }: Omit<NewDevice, 'userId' | 'deviceId'>,
    days: number,
  ): Promise<void> {
    await tx.query(
      `UPDATE trusted_devices
          SET token_hash = $2, device_name = coalesce($3, device_name),
              last_used_at = clock_timestamp(), expires_at = clock_timestamp() + make_interval(days => $4)
        WHERE id = $1`,
      [id, tokenHash, deviceName, days],
    );
  }

  /** Writes down that somebody signed in from a device without asking for a new token. */
  async touch(tx: EntityManager, id: string): Promise<void> {
    await tx.query('UPDATE trusted_devices SET last_used_at = clock_timestamp() WHERE id = $1', [id]);
  }

  /**
   * Leaves a person's most recently used devices trusted. The others expire at once and are not deleted: their challenges would go with
   * them, and whoever holds one of those may be waiting for what this transaction holds.
   */
  async expireBeyond(tx: EntityManager, ownerId: string, limit: number): Promise<void> {
    await tx.query(
      `UPDATE trusted_devices SET expires_at = clock_timestamp()
        WHERE id IN (SELECT id FROM trusted_devices WHERE user_id = $1 AND expires_at > clock_timestamp()
                      ORDER BY last_used_at DESC, id DESC OFFSET $2)`,
      [ownerId, limit],
    );
  }

  /** Ends the trust in a device that somebody guesses from. */
  async remove(tx: EntityManager, id: string): Promise<void> {
    await tx.delete(TrustedDeviceEntity, { id });
  }

  async listLiveOwned(ownerId: string): Promise<TrustedDeviceEntity[]> {
    return this.rows
      .createQueryBuilder('device')
      .where('device.userId = :ownerId', { ownerId })
      .andWhere('expires_at > clock_timestamp()')
      .orderBy('device.lastUsedAt', 'DESC')
      .addOrderBy('device.id', 'DESC')
      .getMany();
  }

  /** The first step of removing a device: whoever signs in with one of its challenges at this moment comes before or not at all. */
  async removeChallengesOwned(tx: EntityManager, ownerId: string, id: string): Promise<void> {
    await tx.query(
      `DELETE FROM login_challenges USING trusted_devices device
        WHERE trusted_device_id = device.id AND device.id = $1 AND device.user_id = $2`,
      [id, ownerId],
    );
  }

  /** @returns its label, or null when this owner trusts no such device */
  async removeOwned(tx: EntityManager, ownerId: string, id: string): Promise<string | null> {
    const [rows] = await tx.query<[{ device: string }[], number]>(
      `DELETE FROM trusted_devices WHERE id = $1 AND user_id = $2 AND expires_at > clock_timestamp()
       RETURNING coalesce(device_name, device_id) AS device`,
      [id, ownerId],
    );
    return rows[0]?.device ?? null;
  }

  /**
   * Trusts none of an owner's devices any more, nor the challenges that they have asked for. The caller has locked the account.
   * @returns the labels of those that were trusted
   */
  async removeAllOwned(tx: EntityManager, ownerId: string): Promise<string[]> {
    const [rows] = await tx.query<[{ device: string; live: boolean }[], number]>(
      `DELETE FROM trusted_devices WHERE user_id = $1
       RETURNING coalesce(device_name, device_id) AS device, expires_at > clock_timestamp() AS live`,
      [ownerId],
    );
    return rows.filter(({ live }) => live).map(({ device }) => device);
  }

  /** @returns how many were removed */
  async deleteExpired(keepDays: number): Promise<number> {
    const [, count] = await this.rows.query<[unknown, number]>(
      `DELETE FROM trusted_devices WHERE id IN
         (SELECT id FROM trusted_devices WHERE expires_at < clock_timestamp() - make_interval(days => $1)
             FOR UPDATE SKIP LOCKED)`,
      [keepDays],
    );
    return count;
  }
}

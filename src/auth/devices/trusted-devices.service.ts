import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { AppConfig } from '../../platform/config/app-config';
import { hashToken, newToken } from '../../platform/crypto/tokens';
import type { Principal } from '../../platform/http/principal';
import { SecurityLog } from '../../users/events/security-log.service';
import { UsersService } from '../../users/users.service';
import { AuthErrors } from '../auth.errors';
import { SessionsRepository } from '../sessions/sessions.repository';
import { SessionsService } from '../sessions/sessions.service';
import type { TrustedDeviceEntity } from './trusted-device.entity';
import { TrustedDevicesRepository } from './trusted-devices.repository';

/** A device whose holder has just given a right PIN. */
export interface SignedInDevice {
  readonly userId: string;
  readonly deviceId: string;
  readonly deviceName: string | null;
  readonly ip: string;
  /** Null unless it was trusted when the PIN was asked for. */
  readonly trustedId: string | null;
}

/** Devices that a person trusts at a time; one more takes the place of the one that signed in the longest ago. */
const DEVICE_LIMIT = 20;

/** Devices that strangers' wrong guesses do not touch: remembered at a sign-in, listed, removed. */
@Injectable()
export class TrustedDevicesService {
  constructor(
    private readonly config: AppConfig,
    private readonly dataSource: DataSource,
    private readonly devices: TrustedDevicesRepository,
    private readonly sessionRows: SessionsRepository,
    private readonly sessions: SessionsService,
    private readonly users: UsersService,
    private readonly log: SecurityLog,
  ) {}

  /**
   * Trusts a device, or goes on trusting it under a new token: a stolen one is worth nothing after its owner's next sign-in. Inside the
   * sign-in's transaction, which has locked the account.
   * @returns the token, which nobody can read again
   */
  async remember(tx: EntityManager, device: SignedInDevice): Promise<{ id: string; token: string }> {
    const { userId, deviceId, deviceName, ip, trustedId } = device;
    const { text: token, raw } = newToken('pvd');
    const days = this.config.get('DEVICE_TRUST_DAYS');
    const id = trustedId ?? uuidv7();
    const row = { id, tokenHash: hashToken(raw), deviceId, deviceName };
    if (trustedId === null) {
      await this.devices.insert(tx, { ...row, userId }, days);
      await this.log.record({ userId, kind: 'device.trusted', ip, device: deviceName ?? deviceId }, tx);
    } else {
      await this.devices.rotate(tx, row, days);
    }
    await this.devices.expireBeyond(tx, userId, DEVICE_LIMIT);
    return { id, token };
  }

  /** Somebody signed in from a device without asking for a new token: the one it has, if any, stays good. */
  async noteUse(tx: EntityManager, { trustedId }: SignedInDevice): Promise<void> {
    if (trustedId !== null) await this.devices.touch(tx, trustedId);
  }

  /** @returns the devices, and which of them the session was opened from, or null */
  async list(principal: Principal): Promise<{ devices: TrustedDeviceEntity[]; currentId: string | null }> {
    const [devices, currentId] = await Promise.all([
      this.devices.listLiveOwned(principal.userId),
      this.sessionRows.trustedDeviceOf(principal.sessionId),
    ]);
    return { devices, currentId };
  }

  /**
   * Trusts a device no longer, and ends what was opened from it: also the sign-in that is just happening.
   * @throws {AppError} `DEVICE.NOT_FOUND`
   */
  async remove(principal: Principal, id: string, from: { ip: string }): Promise<void> {
    const { userId } = principal;
    await this.dataSource.transaction(async (tx) => {
      await this.devices.removeChallengesOwned(tx, userId, id);
      await this.users.lock(tx, userId);
      await this.sessions.revokeOfDevice(tx, principal, id, from);
      const device = await this.devices.removeOwned(tx, userId, id);
      if (device === null) throw AuthErrors.deviceNotFound();
      await this.log.record({ userId, kind: 'device.removed', ip: from.ip, device }, tx);
    });
  }
}

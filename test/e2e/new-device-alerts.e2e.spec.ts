import { startTestApp, type TestApp } from '../support/test-app';
import type { VaultClient } from '../support/vault-client';
import { eventually } from '../support/waiting';
import { clientOf, signIn } from '../support/whole-sign-in';

/** What a person hears of sign-ins from devices that were never seen before (security design, section 3). */
let vault: TestApp;
let people = 0;

beforeAll(async () => {
  vault = await startTestApp();
});
afterAll(() => vault.close());

const newEmail = () => `watchful-${++people}@example.com`;

async function alerts(client: VaultClient): Promise<number> {
  const rows = await vault.database.query("SELECT FROM security_events WHERE user_id = $1 AND kind = 'device.new'", [
    client.userId,
  ]);
  return rows.length;
}

/** Expects so many alerts by now. They come after the answer: what must not come is followed by a sign-in that brings one. */
async function expectAlerts(client: VaultClient, count: number): Promise<void> {
  await eventually(`${count} alerts are there`, async () => (await alerts(client)) >= count);
  expect(await alerts(client)).toBe(count);
}

describe('the owner of an account', () => {
  it('is warned of a label that no earlier session had, once, and mails it', async () => {
    const email = newEmail();
    await clientOf(vault, email, { deviceId: 'laptop' });
    const burglar = await clientOf(vault, email, { deviceId: 'burglar' });
    await expectAlerts(burglar, 1);
    await eventually('the mail is sent', () => vault.logs.text.includes('Security alert (device.new'));
    await clientOf(vault, email, { deviceId: 'burglar' });
    await clientOf(vault, email, { deviceId: 'laptop' });
    await clientOf(vault, email, { deviceId: 'sentinel' });
    await expectAlerts(burglar, 2);
  });

  it('is warned of a known label that comes from another network', async () => {
    const email = newEmail();
    const client = await clientOf(vault, email);
    await vault.database.query("UPDATE sessions SET ip = '192.0.2.7' WHERE user_id = $1", [client.userId]);
    await clientOf(vault, email);
    await expectAlerts(client, 1);
  });

  it('is not warned of the first session, nor of a trusted device on another network', async () => {
    const email = newEmail();
    const { deviceToken, user } = (await signIn(vault, email, { remember: true })).body;
    await vault.database.query("UPDATE sessions SET ip = '192.0.2.7' WHERE user_id = $1", [user.id]);
    await clientOf(vault, email, { deviceToken });
    const sentinel = await clientOf(vault, email, { deviceId: 'sentinel' });
    await expectAlerts(sentinel, 1);
  });

  it('is warned of a thief who has a device’s token and not its label', async () => {
    const email = newEmail();
    const { deviceToken } = (await signIn(vault, email, { remember: true })).body;
    await expectAlerts(await clientOf(vault, email, { deviceToken, deviceId: 'kali' }), 1);
  });

  it('is warned of any device at an account whose earlier sessions are forgotten', async () => {
    const email = newEmail();
    const client = await clientOf(vault, email);
    await vault.database.query('DELETE FROM sessions WHERE user_id = $1', [client.userId]);
    await vault.database.query("UPDATE users SET created_at = clock_timestamp() - interval '31 days' WHERE id = $1", [
      client.userId,
    ]);
    await clientOf(vault, email);
    await expectAlerts(client, 1);
  });
});

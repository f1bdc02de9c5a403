import { Readable } from 'node:stream';
import { AccessAdministration } from '../../src/auth/administration/access-administration.service';
import { PinRequestsService } from '../../src/auth/pin/pin-requests.service';
import { UserAdministration } from '../../src/users/user-administration.service';
import { newFolder } from '../support/folders';
import { jpeg } from '../support/photos';
import { expectProblem } from '../support/problem';
import { comparable, knock, namesSeen, share, visit } from '../support/shares';
import { SignIns } from '../support/sign-ins';
import { startTestApp, type TestApp } from '../support/test-app';
import { expectStored } from '../support/traces';
import { send } from '../support/transfers';
import type { VaultClient } from '../support/vault-client';
import { eventually } from '../support/waiting';
import { clientOf, readPin, type ReadPin, signIn, trade } from '../support/whole-sign-in';

/** An account that whoever runs the vault has disabled: nothing of it can be reached, nobody can tell, and everything is there afterwards. */
let vault: TestApp;
let signIns: SignIns;
let access: AccessAdministration;
let people = 0;

beforeAll(async () => {
  vault = await startTestApp();
  signIns = new SignIns(vault);
  access = vault.app.get(AccessAdministration, { strict: false });
});
afterAll(() => vault.close());

const REFUSED = { status: 401, code: 'AUTH.PIN_REFUSED' };
const NO_SESSION = { status: 401, code: 'AUTH.SESSION_REQUIRED' };
const newEmail = () => `shut-${++people}@example.com`;
const mailsTo = (email: string) => vault.logs.lines.filter((line) => line.includes(email)).length;

async function newPerson(): Promise<{ email: string; client: VaultClient }> {
  const email = newEmail();
  return { email, client: await clientOf(vault, email) };
}

describe('the sessions of a disabled account', () => {
  it('are over at once, all of them, and stay so when it is enabled again', async () => {
    const { email, client } = await newPerson();
    const phone = await clientOf(vault, email, { deviceId: 'phone', remember: true });
    expect(await access.disable(email)).toEqual({ id: client.userId, sessions: 2, changed: true });
    for (const each of [client, phone]) expectProblem(await each.request('GET', '/users/me'), NO_SESSION);
    expect(await access.enable(email)).toEqual({ id: client.userId, changed: true });
    for (const each of [client, phone]) expectProblem(await each.request('GET', '/users/me'), NO_SESSION);
  });
});

describe('whoever signs in to a disabled account', () => {
  it.each(['/auth/pin', '/users'])('gets the answer of everybody at %s, and no mail', async (door) => {
    const { email } = await newPerson();
    const stranger = newEmail();
    await access.disable(email);
    await signIns.settled();
    const before = mailsTo(email);
    const ask = (address: string) =>
      vault.stranger().request<ReadPin>('POST', door, { json: { email: address, deviceId: 'laptop' } });
    const [ofDisabled, ofNobody] = [await ask(email), await ask(stranger)];
    expect(ofDisabled.status).toBe(202);
    const shape = ({ challengeId }: ReadPin) => challengeId.length;
    expect([Object.keys(ofDisabled.body), shape(ofDisabled.body)]).toEqual([
      Object.keys(ofNobody.body),
      shape(ofNobody.body),
    ]);
    await signIns.settled();
    expect(mailsTo(email)).toBe(before);
  });

  it('gets no second account by signing up with its address', async () => {
    const { email, client } = await newPerson();
    await access.disable(email);
    const { body } = await vault.stranger().request<ReadPin>('POST', '/users', { json: { email, deviceId: 'laptop' } });
    for (const pin of ['0000', '7777']) {
      expectProblem(await trade(vault, { challengeId: body.challengeId, pin }), REFUSED);
    }
    await access.enable(email);
    expect((await clientOf(vault, email)).userId).toBe(client.userId);
  });

  it('is refused with a PIN from before, like with a wrong one', async () => {
    const { email } = await newPerson();
    const asked = await readPin(vault, email, { deviceId: 'phone' });
    await access.disable(email);
    const refused = await trade(vault, asked, { deviceId: 'phone' });
    expectProblem(refused, REFUSED);
    const { body } = await vault
      .stranger()
      .request<ReadPin>('POST', '/users', { json: { email: newEmail(), deviceId: 'phone' } });
    const wrong = await trade(vault, { challengeId: body.challengeId, pin: '00x0' }, { deviceId: 'phone' });
    expect(comparable(refused)).toBe(comparable(wrong));
  });

  it('is refused with the code of step-up from before: it is gone', async () => {
    const { email, client } = await newPerson();
    const codes = () =>
      vault.database.query('SELECT FROM step_up_codes c JOIN users u USING (email_bidx) WHERE u.id = $1', [
        client.userId,
      ]);
    await vault.database.query(
      "INSERT INTO step_up_codes SELECT email_bidx, '\\x00', now() + interval '15 minutes' FROM users WHERE id = $1",
      [client.userId],
    );
    expect(await codes()).toHaveLength(1);
    await access.disable(email);
    expect(await codes()).toEqual([]);
  });

  it('is refused with the PIN of a sign-up that was asked for before the account was made', async () => {
    const email = newEmail();
    const asked = await readPin(vault, email, { deviceId: 'early' });
    await clientOf(vault, email);
    await access.disable(email);
    expectProblem(await trade(vault, asked, { deviceId: 'early' }), REFUSED);
    await access.enable(email);
    // Nothing was used up by it.
    expect((await trade(vault, asked, { deviceId: 'early' })).status).toBe(201);
  });

  it('is helped by no trusted device; it is trusted again when the account is enabled', async () => {
    const email = newEmail();
    const { body } = await signIn(vault, email, { deviceId: 'tablet', remember: true });
    const requests = vault.app.get(PinRequestsService, { strict: false });
    const isTrusted = async () => {
      await requests.requestSignIn({
        email,
        deviceId: 'tablet',
        deviceToken: body.deviceToken,
        ip: signIns.newIp(),
      });
      const rows = await vault.database.query<{ trusted: boolean; user_id: string | null }>(
        'SELECT trusted_device_id IS NOT NULL AS trusted, user_id FROM login_challenges ORDER BY id DESC LIMIT 1',
      );
      return rows[0];
    };
    await access.disable(email);
    expect(await isTrusted()).toEqual({ trusted: false, user_id: null });
    await access.enable(email);
    expect(await isTrusted()).toEqual({ trusted: true, user_id: body.user.id });
  });
});

describe('with registration closed, whoever signs in to a disabled account', () => {
  let closed: TestApp;

  beforeAll(async () => {
    closed = await startTestApp({ REGISTRATION: 'closed' });
  });
  afterAll(() => closed.close());

  it('gets the same answer and no mail; and a PIN once it is enabled', async () => {
    const email = 'member@example.com';
    await closed.app.get(UserAdministration, { strict: false }).add(email);
    const administration = closed.app.get(AccessAdministration, { strict: false });
    await administration.disable(email);
    for (const door of ['/users', '/auth/pin']) {
      const { status, body } = await closed
        .stranger()
        .request('POST', door, { json: { email, deviceId: `at ${door}` } });
      expect([status, Object.keys(body)]).toEqual([202, ['challengeId', 'expiresIn']]);
    }
    await new SignIns(closed).settled();
    expect(closed.logs.text).not.toContain(email);
    await administration.enable(email);
    expect((await clientOf(closed, email)).userId).toBeDefined();
  });
});

describe('the shares of a disabled account', () => {
  it.each(['folder', 'files'])('of %s open for nobody, and whoever looks at one sees 404', async (target) => {
    const { email, client } = await newPerson();
    const folderId = await newFolder(client);
    const { body } = await client.put('beach.jpg', jpeg(3000, `beach ${target}`), { query: `?folderId=${folderId}` });
    const what = target === 'folder' ? { folderId } : { fileIds: [body.id] };
    const made = await share(client, { ...what, includeOriginals: true });
    const visitor = await visit(vault, made);
    const content = `/shares/${made.id}/files/${body.id}/content`;
    expect((await visitor.request('GET', content)).status).toBe(200);

    await access.disable(email);
    for (const path of [`/shares/${made.id}/files`, content, `/shares/${made.id}/archive`]) {
      expectProblem(await visitor.request('GET', path), { status: 404, code: 'SHARE.NOT_FOUND' });
    }
    const nothing = { id: '019ab0c4-5f6e-7a31-9c55-0d2f9b6f1e01', secret: made.secret };
    expect(comparable(await knock(vault, made))).toBe(comparable(await knock(vault, nothing)));

    await access.enable(email);
    expect(await namesSeen(visitor, made)).toEqual(['beach.jpg']);
    expect(await namesSeen(await visit(vault, made), made)).toEqual(['beach.jpg']);
  });
});

describe('what a disabled account stores', () => {
  it('is all there when it is enabled again', async () => {
    const { email, client } = await newPerson();
    const photo = jpeg(20_000, 'kept');
    const { body } = await client.put('kept.jpg', photo);
    await access.disable(email);
    await access.enable(email);
    const again = await clientOf(vault, email);
    expect((await again.content(body.id)).bytes.equals(photo)).toBe(true);
  });

  it('does not grow by an upload that was under way: it is refused at its end, and nothing of it stays', async () => {
    const { email, client } = await newPerson();
    const photo = jpeg(400_000, 'under way');
    async function* halfThenRest(): AsyncGenerator<Buffer> {
      yield photo.subarray(0, 200_000);
      await eventually('the upload is under way', async () => {
        return (await vault.database.query("SELECT FROM blobs WHERE state = 'pending'")).length === 1;
      });
      await access.disable(email);
      yield photo.subarray(200_000);
    }
    const { status, body } = await send(client, 'PUT', '/files/by-name/p.jpg', Readable.from(halfThenRest()));
    expect([status, body.code]).toEqual([503, 'UPLOAD.INTERRUPTED']);
    // Sent again, as a client does, it hears why.
    expectProblem(await client.put('p.jpg', photo), NO_SESSION);
    await expectStored(vault, client.userId, 0);
  });
});

describe('its owner', () => {
  it('finds both in the security log, once each however often it was said', async () => {
    const { email } = await newPerson();
    await access.disable(email);
    expect((await access.disable(email)).changed).toBe(false);
    await access.enable(email);
    expect((await access.enable(email)).changed).toBe(false);
    const again = await clientOf(vault, email);
    const { body } = await again.request<{ items: { kind: string; device: string }[] }>('GET', '/users/me/events');
    const said = body.items.filter(({ kind }) => /^account\.(en|dis)abled$/.test(kind));
    expect(said.map(({ kind, device }) => `${kind} by ${device}`)).toEqual([
      'account.enabled by vault users enable',
      'account.disabled by vault users disable',
    ]);
    expect(body.items.filter(({ kind }) => kind === 'session.ended')).toHaveLength(1);
  });
});

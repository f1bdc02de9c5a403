import { createTestDatabase, type TestDatabase } from '../support/database';
import { MailServer } from '../support/mail-server';
import { VaultClient } from '../support/vault-client';
import { addUser, startCommand } from '../support/vault-command';
import { VaultHome } from '../support/vault-home';

// The built server and the built command, as whoever runs a vault for a family uses them.

jest.setTimeout(90_000);

describe('REGISTRATION=closed', () => {
  let home: VaultHome;
  let database: TestDatabase;
  let mailServer: MailServer;
  let stranger: VaultClient;
  let env: NodeJS.ProcessEnv;

  beforeEach(async () => {
    home = await VaultHome.create();
    database = await createTestDatabase('empty');
    mailServer = await MailServer.start();
    env = { REGISTRATION: 'closed', SMTP_URL: mailServer.url, DB_URL: database.url };
    const server = home.start(env);
    stranger = new VaultClient(await server.ready());
  });
  afterEach(async () => {
    await home.close();
    await mailServer.stop();
    await database.drop();
  });

  const ask = (path: string, email: string) =>
    stranger.request<{ challengeId: string }>('POST', path, { json: { email, deviceId: 'laptop' } });

  it('gives a stranger the answer that everybody gets, and no mail; who was added signs in', async () => {
    const turnedAway = await ask('/users', 'mallory@example.com');
    expect(turnedAway.status).toBe(202);
    expect(Object.keys(turnedAway.body)).toEqual(['challengeId', 'expiresIn']);

    await addUser(home, 'bob@example.com', env);
    await stranger.signIn('bob@example.com', 'laptop', (email) => mailServer.pinFor(email));
    const { body } = await stranger.request('GET', '/users/me');
    expect(body).toMatchObject({ email: 'bob@example.com' });
    expect(mailServer.asked).not.toContain('mallory@example.com');
  });

  it('lets who was added come in by the sign-up page as well', async () => {
    await addUser(home, 'carol@example.com', env);
    await stranger.signUp('carol@example.com', 'laptop', (email) => mailServer.pinFor(email));
    expect((await stranger.request('GET', '/users/me')).status).toBe(200);
  });

  it('makes no account, whatever PIN a stranger guesses', async () => {
    const { body } = await ask('/users', 'mallory@example.com');
    for (const pin of ['0000', '1234', '9999']) {
      const json = { challengeId: body.challengeId, deviceId: 'laptop', pin };
      expect((await stranger.request('POST', '/auth/sessions', { json })).status).toBe(401);
    }
    expect((await startCommand(home, ['users', 'list'], { env }).outcome).stdout).toBe('');
  });
});

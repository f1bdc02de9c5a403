const EMAIL = 'bench@example.com';
const DEVICE_ID = 'photovault-bench';

/**
 * @typedef {object} SignInContext
 * @property {(path: string, body: object, status: number) => Promise<any>} postJson parsed answer
 * @property {(pattern: RegExp) => Promise<RegExpExecArray>} waitForLog first match in what the server has printed
 */

/**
 * The ways to get the headers a peer wants with every request, by the name its description gives in `signIn`.
 * @type {Record<string, (context: SignInContext) => Promise<Record<string, string>>>}
 */
export const signIns = {
  /** Signs up, reads the PIN where the log mailer leaves it, trades it for a session. */
  async photovault({ postJson, waitForLog }) {
    const { challengeId } = await postJson('/api/v1/users', { email: EMAIL, deviceId: DEVICE_ID }, 202);
    const [, pin] = await waitForLog(/PIN (\w+) for bench@example\.com/);
    const session = await postJson('/api/v1/auth/sessions', { challengeId, deviceId: DEVICE_ID, pin }, 201);
    return { authorization: `Bearer ${session.sessionToken}` };
  },
};

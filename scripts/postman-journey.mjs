// The folder "A whole journey" of the Postman collection: from sign-up to sign-out without a person. Used by postman.mjs.

/** Variables of the collection, so that a journey leaves those of the environment as they are. */
const MINE = {
  email: 'journeyEmail',
  challenge: 'journeyChallenge',
  mail: 'journeyMail',
  pin: 'journeyPin',
  token: 'journeyToken',
  file: 'journeyFile',
  digest: 'journeyDigest',
  folder: 'journeyFolder',
  share: 'journeyShare',
  secret: 'journeySecret',
  visitor: 'journeyVisitor',
};
const DEVICE = 'postman-journey';
const PASSWORD = 'a password of the journey';
/** A mail leaves after the answer, after a random moment. */
const [LOOKS, PAUSE_MS] = [40, 500];

/** Where the whole journey keeps a value. @param {keyof typeof MINE} name */
const at = (name) => `{{${MINE[name]}}}`;

/** @param {keyof typeof MINE} name @param {string} expression over `body`, the answer's JSON */
const keep = (name, expression) => `pm.collectionVariables.set('${MINE[name]}', ${expression});`;
const BODY = 'const body = pm.response.json();';

/** Scripts see bytes as a Buffer; the text of an answer would be another thing. */
const SAME_BYTES = [
  'const words = CryptoJS.lib.WordArray.create(new Uint8Array(pm.response.stream));',
  `pm.test('the bytes are those that were sent', () => pm.expect(CryptoJS.SHA256(words).toString()).to.eql(pm.collectionVariables.get('${MINE.digest}')));`,
];

/** @param {string} code */
const refusedAs = (code) => `pm.test('says why', () => pm.expect(pm.response.json().code).to.eql('${code}'));`;

/**
 * What is done, in this order. `id`: an operation of the API; `mail`: a path of the mail catcher; `status`: the only good one; `token`: whose,
 * else nobody's; `then`: what is tested and kept.
 */
const STEPS = [
  {
    name: 'Sign up with an address of its own',
    id: 'signUp',
    status: 202,
    before: [`pm.collectionVariables.set('${MINE.email}', \`journey-\${Date.now()}@example.com\`);`],
    body: { email: at('email'), deviceId: DEVICE },
    then: [BODY, keep('challenge', 'body.challengeId')],
  },
  {
    name: 'Wait for the mail',
    mail: '/api/v1/search',
    query: { query: `to:${at('email')}` },
    status: 200,
    then: [
      BODY,
      "const looks = Number(pm.variables.get('journeyLooks') ?? 0) + 1;",
      "pm.variables.set('journeyLooks', body.messages.length > 0 ? 0 : looks);",
      `if (body.messages.length === 0 && looks < ${LOOKS}) {`,
      '  pm.execution.setNextRequest(pm.info.requestId);',
      `  setTimeout(() => undefined, ${PAUSE_MS});`,
      '} else {',
      "  pm.test('the mail has arrived', () => pm.expect(body.messages).not.to.be.empty);",
      `  ${keep('mail', 'body.messages[0].ID')}`,
      '}',
    ],
  },
  {
    name: 'Read the PIN',
    mail: `/api/v1/message/${at('mail')}`,
    status: 200,
    then: [
      BODY,
      // It stands alone on its line.
      'const [, pin] = /^ {4}(\\S+)\\s*$/m.exec(body.Text) ?? [];',
      "pm.test('the mail has a PIN', () => pm.expect(pin).to.match(/^\\d+$/));",
      keep('pin', 'pin'),
    ],
  },
  {
    name: 'Trade the PIN for a session',
    id: 'signIn',
    status: 201,
    body: { challengeId: at('challenge'), deviceId: DEVICE, pin: at('pin') },
    then: [BODY, keep('token', 'body.sessionToken')],
  },
  {
    name: 'Upload a photo',
    id: 'putFile',
    token: 'token',
    path: { name: 'journey.jpg' },
    status: 201,
    then: [BODY, keep('file', 'body.id'), keep('digest', 'body.sha256')],
  },
  { name: 'Download it', id: 'getContent', token: 'token', path: { id: at('file') }, status: 200, then: SAME_BYTES },
  {
    name: 'Make a folder',
    id: 'createFolder',
    token: 'token',
    status: 201,
    body: { name: 'Journey' },
    then: [BODY, keep('folder', 'body.id')],
  },
  {
    name: 'Move the photo there',
    id: 'editFile',
    token: 'token',
    path: { id: at('file') },
    status: 200,
    body: { folderId: at('folder') },
  },
  {
    name: 'Lock the folder',
    id: 'lockFolder',
    token: 'token',
    path: { id: at('folder') },
    status: 200,
    body: { password: PASSWORD },
  },
  {
    name: 'The photo is out of reach',
    id: 'getContent',
    token: 'token',
    path: { id: at('file') },
    status: 423,
    then: [refusedAs('FOLDER.LOCKED')],
  },
  {
    name: 'A wrong password opens nothing',
    id: 'unlockFolder',
    token: 'token',
    path: { id: at('folder') },
    status: 403,
    body: { password: `not ${PASSWORD}` },
    then: [refusedAs('FOLDER.WRONG_PASSWORD')],
  },
  {
    name: 'Unlock the folder',
    id: 'unlockFolder',
    token: 'token',
    path: { id: at('folder') },
    status: 200,
    body: { password: PASSWORD },
  },
  {
    name: 'Download from the locked folder',
    id: 'getContent',
    token: 'token',
    path: { id: at('file') },
    status: 200,
    then: SAME_BYTES,
  },
  { name: 'Remove the lock', id: 'removeLock', token: 'token', path: { id: at('folder') }, status: 204 },
  {
    name: 'Share the photo',
    id: 'createShare',
    token: 'token',
    status: 201,
    body: { fileIds: [at('file')], includeOriginals: true },
    then: [BODY, keep('share', 'body.id'), keep('secret', "body.url.split('#')[1]")],
  },
  {
    name: 'A visitor opens the link',
    id: 'openShare',
    path: { id: at('share') },
    status: 200,
    body: { secret: at('secret'), transport: 'bearer' },
    then: [BODY, keep('visitor', 'body.shareToken')],
  },
  {
    name: 'The visitor downloads the photo',
    id: 'getSharedContent',
    token: 'visitor',
    path: { id: at('share'), fileId: at('file') },
    status: 200,
    then: SAME_BYTES,
  },
  { name: 'Revoke the share', id: 'revokeShare', token: 'token', path: { id: at('share') }, status: 204 },
  {
    name: 'The visitor is out',
    id: 'getSharedContent',
    token: 'visitor',
    path: { id: at('share'), fileId: at('file') },
    status: 404,
    then: [refusedAs('SHARE.NOT_FOUND')],
  },
  { name: 'Throw the photo away', id: 'trashFile', token: 'token', path: { id: at('file') }, status: 204 },
  {
    name: 'It is gone from the folder',
    id: 'getFile',
    token: 'token',
    path: { id: at('file') },
    status: 404,
    then: [refusedAs('FILE.NOT_FOUND')],
  },
  {
    name: 'Restore it',
    id: 'restore',
    token: 'token',
    status: 200,
    body: { ids: [at('file')] },
    then: [BODY, "pm.test('it is back', () => pm.expect(body.items[0].ok).to.be.true);"],
  },
  {
    name: 'Download it once more',
    id: 'getContent',
    token: 'token',
    path: { id: at('file') },
    status: 200,
    then: SAME_BYTES,
  },
  { name: 'Sign out', id: 'signOut', token: 'token', status: 204 },
  {
    name: 'The session is dead',
    id: 'getProfile',
    token: 'token',
    status: 401,
    then: [refusedAs('AUTH.SESSION_REQUIRED')],
  },
];

/**
 * @param {{ operations: Map<string, object>, resolve: (schema: object) => object, photo: string }} api `operations` by their ids; `resolve`
 *   follows references of a schema; `photo` lies beside the collection
 * @returns {object} a folder of the collection
 * @throws Error when a step is not what the API says
 */
export function wholeJourney({ operations, resolve, photo }) {
  for (const step of STEPS) if (step.id) check(step, operations.get(step.id), resolve);
  return {
    name: 'A whole journey',
    description: `From sign-up to sign-out without a person, one request after the other. The PIN is read where your mail server keeps what it gets: \`mailUrl\` of the environment is the HTTP API of [Mailpit](https://mailpit.axllent.org), or of what speaks like it. Choose \`${photo}\` in *Upload a photo* when you run it from Postman; \`npm run postman\` needs no such thing.`,
    item: STEPS.map((step, n) => toItem(step, n + 1, operations, photo)),
  };
}

function check({ name, id, status, path = {}, body }, operation, resolve) {
  const wrong = (what) => new Error(`"${name}" in scripts/postman-journey.mjs: ${what}`);
  if (!operation) throw wrong(`the API has no operation ${id}`);
  if (!operation.responses[status]) throw wrong(`${id} does not answer ${status}`);
  const parameters = operation.parameters
    .filter((parameter) => parameter.in === 'path')
    .map((parameter) => parameter.name);
  if (parameters.sort().join() !== Object.keys(path).sort().join())
    throw wrong(`${id} takes ${parameters.join() || 'no names'}`);
  const { schema } = operation.requestBody?.content['application/json'] ?? {};
  const { properties = {}, required = [] } = schema ? resolve(schema) : {};
  const strays = Object.keys(body ?? {}).filter((field) => !properties[field]);
  const missing = required.filter((field) => !(field in (body ?? {})));
  if (strays.length + missing.length > 0)
    throw wrong(`strange or missing in the body: ${[...strays, ...missing].join(', ')}`);
}

function toItem({ name, before, status, then = [], ...step }, number, operations, photo) {
  const { method, path } = step.mail ? { method: 'get', path: step.mail } : operations.get(step.id);
  const filled = path.replace(/\{(\w+)\}(?!\})/g, (_, parameter) => step.path?.[parameter] ?? `{${parameter}}`);
  const host = step.mail ? '{{mailUrl}}' : '{{baseUrl}}';
  const token = step.token && [{ key: 'token', value: at(step.token), type: 'string' }];
  const query = Object.entries(step.query ?? {}).map(([key, value]) => ({ key, value }));
  const said = `pm.test('answers ${status}', () => pm.response.to.have.status(${status}));`;
  return {
    id: `journey${number}`,
    name: `${number}. ${name}`,
    request: {
      method: method.toUpperCase(),
      auth: token ? { type: 'bearer', bearer: token } : { type: 'noauth' },
      header: step.id === 'putFile' ? [{ key: 'Content-Type', value: 'application/octet-stream' }] : [],
      ...(step.id === 'putFile' && { body: { mode: 'file', file: { src: photo } } }),
      ...(step.body && {
        body: { mode: 'raw', raw: JSON.stringify(step.body, null, 2), options: { raw: { language: 'json' } } },
      }),
      url: {
        raw: `${host}${filled}${query.map(({ key, value }) => `?${key}=${value}`).join('')}`,
        host: [host],
        path: filled.split('/').slice(1),
        query,
      },
    },
    event: [
      ...(before ? [{ listen: 'prerequest', script: { type: 'text/javascript', exec: before } }] : []),
      { listen: 'test', script: { type: 'text/javascript', exec: [said, ...then] } },
    ],
  };
}

// Makes a Postman collection (v2.1) and its environment of the OpenAPI document. Part of `npm run docs`.
//   node scripts/postman.mjs [openapi.json] [directory]
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { wholeJourney } from './postman-journey.mjs';

const [source = 'docs/openapi.json', target = 'postman'] = process.argv.slice(2);
const document = JSON.parse(await readFile(source, 'utf8'));

/** The operations as a newcomer meets them; the folders are their tags, in the same order. */
const JOURNEY = [
  'signUp',
  ...['requestPin', 'signIn'],
  ...['getProfile', 'listSecurityEvents', 'headExport', 'getExport', 'changeEmail', 'confirmEmail'],
  ...[
    'checkFiles',
    'putFile',
    'uploadFile',
    'listFiles',
    'getFile',
    'headContent',
    'getContent',
    'getContentByName',
    'getRendition',
    'editFile',
    'changeFiles',
    'trashFile',
  ],
  ...['listTrash', 'restore', 'purge', 'emptyTrash'],
  ...['createFolder', 'listFolders', 'getFolder', 'renameFolder', 'lockFolder', 'unlockFolder', 'changeFolderPassword'],
  ...['removeLock', 'relockFolder', 'deleteFolder'],
  ...['createShare', 'getSharePage', 'getSharePageAsset', 'openShare', 'listSharedFiles', 'getSharedContent'],
  ...['getSharedRendition', 'getSharedArchive', 'listShares', 'listShareOpenings', 'revokeShare'],
  ...['requestReauthentication', 'reauthenticate'],
  ...['listSessions', 'revokeSession', 'listDevices', 'removeDevice', 'revokeOtherSessions', 'signOut'],
  'deleteAccount',
  ...['isLive', 'isReady', 'getServerInfo'],
];

/** What a person fills in, and what one answer keeps for the next request: a field of such a name takes its value from here. */
const VARIABLES = {
  baseUrl: 'http://localhost:3000',
  mailUrl: 'http://localhost:8025',
  email: 'alice@example.com',
  deviceId: 'laptop-1',
  deviceName: "Alice's laptop",
  pin: '',
  challengeId: '',
  sessionToken: '',
  deviceToken: '',
  newEmail: 'alice@example.org',
  sessionId: '',
  trustedDeviceId: '',
  fileId: '',
  fileName: 'photo.jpg',
  folderId: '',
  shareId: '',
  shareSecret: '',
  shareToken: '',
};
const SECRETS = ['pin', 'challengeId', 'sessionToken', 'deviceToken', 'shareSecret', 'shareToken'];

/** Where a field does not take its variable, or its example; an undefined one is left out. */
const BODIES = {
  signIn: { remember: true },
  changeEmail: { email: '{{newEmail}}' },
  checkFiles: {
    items: [{ clientId: '0001', sha256: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08' }],
  },
  editFile: { folderId: undefined },
  unlockFolder: { recoveryCode: undefined },
  changeFolderPassword: { recoveryCode: undefined },
  createShare: { folderId: undefined, fileIds: ['{{fileId}}'], expiresAt: undefined, includeOriginals: true },
  openShare: { secret: '{{shareSecret}}', transport: 'bearer' },
  restore: { ids: ['{{fileId}}'] },
};

/** Parameters that are sent unless a person switches them off. */
const CHOSEN = {
  // So that there is something in the trash to remove, while the file is restored.
  deleteFolder: { contents: 'trash' },
};

/** What is kept of a good answer: variable → expression over `body`. */
const KEPT = {
  signUp: { challengeId: 'body.challengeId' },
  requestPin: { challengeId: 'body.challengeId' },
  signIn: { sessionToken: 'body.sessionToken', deviceToken: "body.deviceToken ?? ''" },
  changeEmail: { challengeId: 'body.challengeId' },
  confirmEmail: { email: "pm.environment.get('newEmail')" },
  putFile: { fileId: 'body.id', fileName: 'body.name' },
  uploadFile: { fileId: 'body.id', fileName: 'body.name' },
  editFile: { fileName: 'body.name' },
  createFolder: { folderId: 'body.id' },
  createShare: { shareId: 'body.id', shareSecret: "body.url.split('#')[1]" },
  openShare: { shareToken: 'body.shareToken' },
  requestReauthentication: { challengeId: 'body.challengeId' },
  listSessions: { sessionId: "body.items.find(({ current }) => !current)?.id ?? ''" },
  listDevices: { trustedDeviceId: "body.items.find(({ current }) => !current)?.id ?? ''" },
};

/** Lies beside the collection; relative, because whoever imports it has it somewhere else. */
const PHOTO = 'photo.jpg';

const DESCRIPTION = `${document.info.description}

1. Import this collection and the environment beside it, and choose the environment.
2. Run **Sign up**. The PIN is in the log of the server (\`PIN 1234 for alice@example.com\`), or in your mailbox if the server has a
   mail server. Write it into the variable \`pin\` of the environment.
3. Run *Trade a PIN for a session* in **Sign in**. The token is kept for everything that follows.
4. Run the rest in order; **A whole journey** at the top is a script of its own, and needs none of this. **Leaving** is for when you want the account to be gone, with a fresh PIN. For the two uploads choose \`${PHOTO}\`, which lies beside this collection, in the tab *Body*.

*Sign out one device* and *Trust a device no longer* need a second one: choose another \`deviceId\`, empty \`deviceToken\`, ask for a PIN in
**Sign in**, write it into \`pin\` and trade it in first. *Move to another e-mail address* mails a PIN to \`newEmail\`, and *Ask for a PIN for
what needs a fresh one* another: write each into \`pin\` before the request that follows it.`;

const operations = new Map(
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => [operation.operationId, { path, method, ...operation }]),
  ),
);
const strays = [...operations.keys()].filter((id) => !JOURNEY.includes(id));
if (strays.length > 0) throw new Error(`Say in JOURNEY of scripts/postman.mjs where ${strays.join(', ')} comes in.`);

const collection = {
  info: {
    name: document.info.title,
    description: DESCRIPTION,
    schema: 'https://schema.getpostman.com/json/collection/v2.1.0/collection.json',
  },
  auth: bearer('{{sessionToken}}'),
  event: [
    script([
      // Not the mail catcher.
      "if (pm.request.url.toString().startsWith(pm.variables.get('baseUrl')))",
      "  pm.test('has a request id', () => pm.response.to.have.header('X-Request-Id'));",
    ]),
  ],
  item: [
    wholeJourney({ operations, resolve, photo: PHOTO }),
    ...document.tags.map(({ name, description }) => ({
      name,
      description,
      item: JOURNEY.map((id) => operations.get(id))
        .filter((operation) => operation?.tags.includes(name))
        .map(toItem),
    })),
  ],
};
const environment = {
  name: `${document.info.title} (local)`,
  values: Object.entries(VARIABLES).map(([key, value]) => ({
    key,
    value,
    type: SECRETS.includes(key) ? 'secret' : 'default',
    enabled: true,
  })),
  _postman_variable_scope: 'environment',
};
for (const [kind, content] of Object.entries({ collection, environment })) {
  await writeFile(join(target, `photovault.postman_${kind}.json`), `${JSON.stringify(content, null, 2)}\n`);
}

function toItem(operation) {
  const { operationId, summary, description, method, security } = operation;
  const { header = [], ...body } = toBody(operation);
  return {
    id: operationId,
    name: summary,
    request: {
      method: method.toUpperCase(),
      description,
      ...(!security && { auth: { type: 'noauth' } }),
      ...(security?.some((each) => 'share' in each) && { auth: bearer('{{shareToken}}') }),
      header: [...header, ...optional(operation, 'header')],
      ...body,
      url: toUrl(operation),
    },
    event: [script(toTests(operation))],
  };
}

function bearer(value) {
  return { type: 'bearer', bearer: [{ key: 'token', value, type: 'string' }] };
}

function toUrl(operation) {
  const path = operation.path.replace(/\{(\w+)\}/g, (_, name) => {
    // One of a few words is chosen, not kept from an answer.
    const { schema } = operation.parameters.find((parameter) => parameter.in === 'path' && parameter.name === name);
    return schema.enum ? schema.example : `{{${variableOf(operation.path, name)}}}`;
  });
  return {
    raw: `{{baseUrl}}${path}`,
    host: ['{{baseUrl}}'],
    path: path.split('/').slice(1),
    query: optional(operation, 'query'),
  };
}

function variableOf(path, parameter) {
  if (path.startsWith('/s/')) return 'shareId';
  if (parameter === 'fileId') return 'fileId';
  if (path.includes('/shares/')) return 'shareId';
  if (parameter === 'name') return 'fileName';
  if (path.includes('/devices/')) return 'trustedDeviceId';
  if (path.includes('/folders/') || path.includes('/trash/')) return 'folderId';
  return path.includes('/files/') ? 'fileId' : 'sessionId';
}

/** Parameters that a person may switch on. */
function optional({ operationId, parameters }, place) {
  return parameters
    .filter((parameter) => parameter.in === place)
    .map(({ name, description, schema }) => {
      const chosen = CHOSEN[operationId]?.[name];
      const value = String(chosen ?? schema.example ?? schema.default ?? '');
      return { key: name, value, description, disabled: chosen === undefined };
    });
}

function toBody({ operationId, requestBody }) {
  const [type, media] = Object.entries(requestBody?.content ?? {})[0] ?? [];
  switch (type) {
    case undefined:
      return {};
    case 'application/json': {
      const fields = Object.entries(resolve(media.schema).properties);
      const values = fields.map(([name, { example }]) => [name, name in VARIABLES ? `{{${name}}}` : example]);
      const raw = JSON.stringify({ ...Object.fromEntries(values), ...BODIES[operationId] }, null, 2);
      return { body: { mode: 'raw', raw, options: { raw: { language: 'json' } } } };
    }
    case 'application/octet-stream':
      return { header: [{ key: 'Content-Type', value: type }], body: { mode: 'file', file: { src: PHOTO } } };
    case 'multipart/form-data': {
      const fields = Object.entries(resolve(media.schema).properties).map(
        ([key, { format, description, example = '' }]) =>
          format === 'binary'
            ? { key, type: 'file', src: PHOTO }
            : { key, type: 'text', value: example, description, disabled: true },
      );
      return { body: { mode: 'formdata', formdata: fields } };
    }
    default:
      throw new Error(`no request body of type ${type} is known`);
  }
}

function toTests({ operationId, method, responses }) {
  const good = Object.entries(responses).filter(([status]) => status.startsWith('2'));
  const statuses = good.map(([status]) => status);
  const [, { headers = {}, content = {} }] = good[0];
  const tests = [
    `pm.test('answers ${statuses.join(' or ')}', () => pm.expect(pm.response.code).to.be.oneOf([${statuses.join(', ')}]));`,
    ...Object.keys(headers).map((name) => `pm.test('has ${name}', () => pm.response.to.have.header('${name}'));`),
  ];
  const { schema } = content['application/json'] ?? {};
  if (schema) {
    const form = JSON.stringify(toJsonSchema(schema));
    const test = `pm.test('has the documented form', () => pm.response.to.have.jsonSchema(${form}));`;
    // An operation that answers with a body only sometimes has two good statuses.
    tests.push(statuses.includes('204') ? `if (pm.response.code !== 204) ${test}` : test);
  } else if (method === 'get') {
    tests.push("pm.test('brings bytes', () => pm.expect(pm.response.responseSize).to.be.above(0));");
  }
  const kept = Object.entries(KEPT[operationId] ?? {}).map(
    ([name, from]) => `  pm.environment.set('${name}', ${from});`,
  );
  if (kept.length === 0) return tests;
  const body = schema ? ['  const body = pm.response.json();'] : [];
  return [...tests, 'if (pm.response.code < 300) {', ...body, ...kept, '}'];
}

function script(exec) {
  return { listen: 'test', script: { type: 'text/javascript', exec } };
}

/** A schema without references and `allOf`. */
function resolve(schema) {
  const { $ref, allOf, ...own } = schema;
  const parts = [...($ref ? [document.components.schemas[$ref.split('/').at(-1)]] : []), ...(allOf ?? [])].map(resolve);
  if (parts.length === 0) return own;
  const properties = Object.assign({}, ...[...parts, own].map((part) => part.properties));
  return Object.assign({}, ...parts, own, { properties });
}

/** OpenAPI 3.0 as JSON Schema: only what validates, `nullable` as a type. */
function toJsonSchema(schema) {
  const { type, format, pattern, enum: values, nullable, required, properties, items } = resolve(schema);
  return {
    type: nullable ? [type, 'null'] : type,
    format,
    pattern,
    enum: values,
    required,
    ...(properties && {
      properties: Object.fromEntries(Object.entries(properties).map(([name, each]) => [name, toJsonSchema(each)])),
      additionalProperties: false,
    }),
    ...(items && { items: toJsonSchema(items) }),
  };
}

import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { AppConfig } from '../../src/platform/config/app-config';
import { SETTINGS } from '../../src/platform/config/settings';
import { definedErrors } from '../../src/platform/errors/error-registry';
import '../../src/app.module';

// What runs the vault agrees with the vault.

const ROOT = resolve(__dirname, '../..');
const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');
/** YAML in one way of writing it, so that none of these tests is about quotes and spaces. */
const compose = (file: string): string =>
  read(file)
    .replaceAll("'", '"')
    .replaceAll('{ ', '{')
    .replaceAll(' }', '}')
    .replaceAll(/(?<=: )"([^"]*)"$/gm, '$1');
const COMPOSE = compose('docker-compose.yml');
const LAPTOP = compose('deploy/compose.laptop.yml');
const DOCKERFILE = read('Dockerfile');
const NGINX = read('deploy/nginx.conf');

/** The environment under a line of a compose file, with every `${NAME:-default}` at its default. */
function environmentUnder(text: string, heading: RegExp): Record<string, string> {
  const block = heading.exec(text)?.[0] ?? '';
  const lines = block.matchAll(/^ +([A-Z][A-Z0-9_]*): (.+)$/gm);
  return Object.fromEntries(Array.from(lines, ([, name = '', value = '']) => [name, atDefault(value)]));
}

function atDefault(value: string): string {
  // From the inside out: a default may hold another.
  for (let last = ''; last !== value;) {
    last = value;
    value = value.replaceAll(/\$\{[A-Z_]+:-([^${}]*)\}/g, '$1');
  }
  return value;
}

/** What deploy/first-use.mjs writes, where its form matters. */
const EXAMPLES: Record<string, string> = {
  '/secrets/database/url': 'postgres://photovault:0123456789abcdef@postgres:5432/photovault',
};

const inImage = Object.fromEntries(
  Array.from(/^ENV (.+)$/m.exec(DOCKERFILE)?.[1]?.matchAll(/(\w+)=(\S+)/g) ?? [], ([, name = '', value = '']) => [
    name,
    value,
  ]),
);

describe.each([
  ['docker-compose.yml', environmentUnder(COMPOSE, /^x-settings: &settings\n(?:^ .*\n)+/m)],
  ['deploy/compose.laptop.yml', environmentUnder(LAPTOP, /^ {4}environment:\n(?:^ {6}.*\n)+/m)],
])('the settings of %s', (_file, environment) => {
  it('are settings that the vault has', () => {
    expect(Object.keys(environment).length).toBeGreaterThan(2);
    const known = Object.entries(SETTINGS).flatMap(([name, { secret }]) => (secret ? [name, `${name}_FILE`] : [name]));
    const names = Object.keys({ ...environment, ...inImage });
    expect(names.filter((name) => !known.includes(name) && name !== 'NODE_ENV')).toEqual([]);
  });

  it('are values that the vault takes', () => {
    // What the secrets hold is made in the containers.
    const given = Object.entries({ ...environment, ...inImage }).map(([name, value]) => {
      const isSecret = value.startsWith('/secrets/');
      return isSecret ? [name.replace(/_FILE$/, ''), EXAMPLES[value] ?? 'x'] : [name, value];
    });
    const config = AppConfig.load(Object.fromEntries(given) as NodeJS.ProcessEnv);
    expect(config.get('HOST')).toBe('0.0.0.0');
    expect(config.publicUrl).toMatch(/^http:\/\/localhost:\d+$/);
  });
});

it.each([
  ['docker-compose.yml', COMPOSE],
  ['deploy/compose.laptop.yml', LAPTOP],
])('%s waits longer for a server than the server for its transfers', (_file, text) => {
  const wait = Number(/stop_grace_period: (\d+)s/.exec(text)?.[1]);
  const grace = Number(/SHUTDOWN_GRACE_SECONDS: (\d+)/.exec(text)?.[1]);
  expect(wait).toBeGreaterThanOrEqual(grace + 10);
});

it('compose and nginx mean the same servers, and the vault believes this nginx alone', () => {
  const servers = Array.from(NGINX.matchAll(/^ {4}server (\S+):(\d+) /gm), ([, name, port]) => ({ name, port }));
  expect(servers).toHaveLength(2);
  for (const { name = '', port } of servers) {
    expect(port).toBe(inImage.PORT);
    const address = new RegExp(`^ {2}${name}:\\n(?: {4}.*\\n)*?.*ipv4_address: "([^"]+)"`, 'm').exec(COMPOSE)?.[1];
    expect(COMPOSE).toContain(`${name}:${address}`);
  }
  const [, address] = /^ {2}nginx:\n(?: .*\n|\n)*? +front: \{ipv4_address: "([^"]+)"\}/m.exec(COMPOSE) ?? [];
  expect(COMPOSE).toContain(`TRUST_PROXY: ${address}\n`);
});

it('no image is whatever is the newest, and every file that is mounted is there', () => {
  const images = Array.from((COMPOSE + LAPTOP).matchAll(/^ +image: (\S+)$/gm), ([, image = '']) => image);
  expect(images.length).toBeGreaterThan(6);
  expect(images.filter((image) => !/^\$|:[\w.-]+$/.test(image) || image.endsWith(':latest'))).toEqual([]);
  const mounted = Array.from(COMPOSE.matchAll(/\.\/(deploy\/[\w.-]+):/g), ([, file = '']) => file);
  expect(mounted).toEqual(['deploy/nginx.conf', 'deploy/garage.toml']);
  const run = Array.from((COMPOSE + DOCKERFILE).matchAll(/deploy\/[\w-]+\.mjs/g), ([file]) => file);
  expect([...mounted, ...run].filter((file) => !existsSync(join(ROOT, file)))).toEqual([]);
});

it('what the Dockerfile copies is there, and .dockerignore lets it in', () => {
  const lines = Array.from(DOCKERFILE.matchAll(/^COPY (?!--from)(.+) \S+$/gm), ([, sources = '']) =>
    sources.split(' '),
  );
  const letIn = read('.dockerignore').split('\n');
  const copied = lines.flat();
  expect(copied).toContain('src');
  expect(copied.filter((path) => !letIn.includes(`!${path}`))).toEqual([]);
  expect(copied.filter((path) => !path.includes('*') && !existsSync(join(ROOT, path)))).toEqual([]);
});

describe('deploy/nginx.conf', () => {
  const document = JSON.parse(read('docs/openapi.json')) as {
    paths: Record<string, Record<string, { requestBody?: { content: object } }>>;
  };
  const paths = Object.keys(document.paths);
  /** The regular expressions of the locations that say something. */
  const locationsWith = (text: string): RegExp[] =>
    Array.from(NGINX.matchAll(/^ {4}location ~\* (\S+) \{\n((?: {6}.*\n)+)/gm))
      .filter(([, , body = '']) => body.includes(text))
      .map(([, expression = '']) => new RegExp(expression, 'i'));

  it('refuses with the codes, titles and statuses of the vault', () => {
    const said = Array.from(NGINX.matchAll(/return (\d+) '(\{.+\})';/g), ([, status, json = '']) => ({ status, json }));
    const texts = said.flatMap(({ status, json }) =>
      ['UPLOAD.TOO_LARGE', 'REQUEST.TOO_LARGE'].map((code) => {
        const title = new RegExp(`^ {4}${code === 'UPLOAD.TOO_LARGE' ? code : 'default'} "(.+)";`, 'm').exec(
          NGINX,
        )?.[1];
        const filled = json.replaceAll('$too_large_code', code).replaceAll('$too_large_title', title ?? '');
        return { ...(JSON.parse(filled) as Record<string, unknown>), sent: Number(status) };
      }),
    );
    expect(said).toHaveLength(6);
    for (const { type, title, status, code, sent, requestId } of texts as Record<string, unknown>[]) {
      const { title: expected, status: usual } = definedErrors().find((error) => error.code === code) ?? {};
      expect({ type, title, status, sent, requestId }).toEqual({
        type: `urn:photovault:error:${String(code)}`,
        title: expected,
        status: usual,
        sent: usual,
        requestId: '$request_id',
      });
    }
  });

  it('takes bodies of the vault’s size where files are uploaded, and short ones elsewhere', () => {
    const limits = Array.from(NGINX.matchAll(/client_max_body_size (\d+)m;/g), ([, mib]) => Number(mib) * 1024 ** 2);
    const [elsewhere = 0, check = 0, ...uploads] = limits.sort((a, b) => a - b);
    const largest = AppConfig.load({}).get('UPLOAD_MAX_BYTES');
    expect(uploads).toHaveLength(2);
    for (const limit of uploads) expect(limit - largest).toBe(1024 ** 2);
    expect(elsewhere).toBe(1024 ** 2);
    // As much as the application takes there.
    expect(check).toBe(2 * 1024 ** 2);

    const large = locationsWith('client_max_body_size');
    const routes = paths.filter((path) =>
      Object.values(document.paths[path] ?? {}).some(({ requestBody }) =>
        Object.keys(requestBody?.content ?? {}).some((type) => !type.includes('json')),
      ),
    );
    expect(routes.length).toBeGreaterThan(1);
    expect(routes.filter((path) => !large.some((location) => location.test(path)))).toEqual([]);
  });

  it('keeps every address with a name in it out of the error log', () => {
    const silent = locationsWith('error_log /dev/null emerg;');
    const named = paths.filter((path) => path.includes('{name}') && !path.startsWith('/s/assets/'));
    expect(named.length).toBeGreaterThan(1);
    expect(named.filter((path) => !silent.some((location) => location.test(path)))).toEqual([]);
    // What it looks at to find the part of the vault is not what it writes down.
    const written = NGINX.replaceAll('map $request_uri $', '');
    expect(written.match(/\$(?:request|request_uri|args|query_string|http_referer)\b/g)).toEqual(null);
  });

  it('knows every part of the vault that it may write down', () => {
    const [map = ''] = /map \$request_uri \$part \{[^}]+(?:\}[^}]+)*?default/.exec(NGINX) ?? [];
    const known = Array.from(map.matchAll(/\(\?<room>([^)]+)\)/g), ([, words = '']) => words.split('|')).flat();
    const parts = paths.map((path) => path.replace('/api/v1/', '/').split('/')[1]);
    expect(parts.filter((part) => !known.includes(part ?? ''))).toEqual([]);
  });
});

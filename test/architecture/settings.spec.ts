import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { AppConfig } from '../../src/platform/config/app-config';
import { SETTINGS } from '../../src/platform/config/settings';
import { envExample, settingsTable } from '../support/settings-documents';

const read = (file: string) => readFileSync(resolve(__dirname, '../..', file), 'utf8');

// Where one of the first two fails, the expected text is what has to be pasted.
describe('the documented settings are the real ones', () => {
  it('in the table of README.md', () => {
    const [table] = /<!-- settings:begin -->[^]*<!-- settings:end -->/.exec(read('README.md')) ?? [];
    expect(table?.replaceAll(/\n{2,}/g, '\n')).toBe(settingsTable());
  });

  it('in .env.example', () => {
    expect(read('.env.example')).toBe(envExample());
  });

  it('and .env.example with every line switched on is the same configuration as none of it', () => {
    const switchedOn = read('.env.example').replaceAll(/^# (?=[A-Z0-9_]+=)/gm, '');
    const env = parseEnv(switchedOn) as NodeJS.ProcessEnv;
    expect(Object.keys(env).sort()).toEqual(Object.keys(SETTINGS).sort());
    expect(AppConfig.load(env)).toEqual(AppConfig.load({}));
  });
});

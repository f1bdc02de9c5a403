import type { Setting } from '../../src/platform/config/setting';
import { SETTINGS } from '../../src/platform/config/settings';

type AnySetting = Setting<string | number | readonly string[] | undefined>;

const ALL = Object.entries(SETTINGS) as [string, AnySetting][];
const HEADING =
  'Every setting of Photovault with its default. Take the "# " off what you change; the README says how to use the file.';

/** The README's table, with the marks that it stands between. */
export function settingsTable(): string {
  const rows = ALL.map(([name, setting]) => `| \`${name}\` | ${shownDefault(setting)} | ${sentence(name, setting)} |`);
  return [
    '<!-- settings:begin -->',
    '| Setting | Default | Meaning |',
    '|---|---|---|',
    ...rows,
    '<!-- settings:end -->',
  ].join('\n');
}

/** The whole of `.env.example`: every setting with its default, none of them set. */
export function envExample(): string {
  const settings = ALL.map(([name, setting]) => {
    const unset = setting.fallback === undefined && setting.shown !== 'unset' ? ` Unset: ${setting.shown}.` : '';
    const about = `${sentence(name, setting)}${unset}`.replaceAll('`', '');
    return `# ${about}\n# ${name}=${String(setting.fallback ?? '')}\n`;
  });
  return [`# ${HEADING}\n`, ...settings].join('\n');
}

function sentence(name: string, { about, secret }: AnySetting): string {
  return secret ? `${about} Also as \`${name}_FILE\`: a file that holds it.` : about;
}

/** A value as code; words that describe one as they are. */
function shownDefault({ shown, fallback }: AnySetting): string {
  return shown === String(fallback) ? `\`${shown}\`` : shown;
}

/** The migrated database that test databases are copies of. */
export const TEMPLATE = 'photovault_template';

/** The connection string of a database on the run's server. The host may be a socket directory, which `URL` cannot read. */
export function databaseUrl(name: string): string {
  const [, server, query] = /^(\w+:\/\/[^/?]*)(?:\/[^?]*)?(\?.*)?$/.exec(process.env.PV_TEST_SERVER ?? '') ?? [];
  if (server === undefined) throw new Error('PV_TEST_SERVER is not set: run the tests through jest');
  return `${server}/${name}${query ?? ''}`;
}

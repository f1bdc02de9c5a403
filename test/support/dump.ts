/** One statement on the database that is looked at. */
export type Query = <Row extends object>(sql: string, values?: unknown[]) => Promise<Row[]>;

const UUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;

/** Every row of every table as text, after the table's name: what a dump of the database would show. */
export async function dumpLines(query: Query): Promise<string[]> {
  const tables = await query<{ name: string }>(
    "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' ORDER BY 1",
  );
  const lines: string[] = [];
  for (const { name } of tables) {
    const rows = await query<{ text: string }>(`SELECT t::text AS text FROM "${name}" t ORDER BY 1`);
    lines.push(...rows.map(({ text }) => `${name} ${text}`));
  }
  return lines;
}

/**
 * What a database can call a person by: the id, the blind index of the address, and the id of whatever hangs on them, however many tables away.
 * @returns texts, each of which stands in the dump as it is
 */
export async function namesOf(query: Query, userId: string): Promise<string[]> {
  const lines = (await dumpLines(query)).filter((line) => !line.startsWith('migrations '));
  const [user] = await query<{ index: string }>("SELECT encode(email_bidx, 'hex') AS index FROM users WHERE id = $1", [
    userId,
  ]);
  const names = new Set([userId, ...(user ? [user.index] : [])]);
  for (let known = 0; known < names.size;) {
    known = names.size;
    for (const line of linesWith(lines, names)) for (const [id] of line.matchAll(UUID)) names.add(id);
  }
  return [...names];
}

/** The rows in which any of these names stands. */
export async function rowsWith(query: Query, names: readonly string[]): Promise<string[]> {
  return linesWith(await dumpLines(query), new Set(names));
}

function linesWith(lines: readonly string[], names: ReadonlySet<string>): string[] {
  return lines.filter((line) => [...names].some((name) => line.includes(name)));
}

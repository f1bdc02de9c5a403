const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Whether PostgreSQL would take a text as a uuid (RFC 9562 section 4): anything else must not reach a statement. */
export function isUuid(text: string): boolean {
  return UUID.test(text);
}

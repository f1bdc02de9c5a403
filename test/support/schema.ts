import type { DataSource } from 'typeorm';

/** Everything in the schema `public`, one line each, as PostgreSQL itself writes it down. */
export async function describeSchema(dataSource: DataSource): Promise<string[]> {
  const rows = await dataSource.query<{ line: string }[]>(`
    SELECT format('%s %s', CASE relkind WHEN 'r' THEN 'table' WHEN 'i' THEN 'index' WHEN 'S' THEN 'sequence' ELSE relkind::text END,
                  relname) AS line
      FROM pg_class WHERE relnamespace = 'public'::regnamespace
    UNION ALL
    SELECT format('column %s.%s %s%s%s', c.relname, a.attname, format_type(a.atttypid, a.atttypmod),
                  CASE WHEN a.attnotnull THEN ' NOT NULL' END, ' DEFAULT ' || pg_get_expr(d.adbin, d.adrelid))
      FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
      LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
    UNION ALL
    SELECT format('constraint %s on %s: %s', conname, conrelid::regclass, pg_get_constraintdef(oid))
      FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    UNION ALL
    SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
    UNION ALL
    SELECT format('trigger %s on %s', tgname, tgrelid::regclass) FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL
    SELECT format('type %s', typname) FROM pg_type
     WHERE typnamespace = 'public'::regnamespace AND typtype IN ('d', 'e', 'r') -- tables and arrays have types of their own
    UNION ALL
    SELECT format('function %s', oid::regprocedure) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    UNION ALL
    SELECT format('extension %s', extname) FROM pg_extension
    ORDER BY 1`);
  return rows.map(({ line }) => line);
}

/** A constraint or index with the first letters that its kind asks for. */
export interface NamedPart {
  readonly table: string;
  readonly name: string;
  readonly prefix: string;
}

/**
 * Constraints and indexes, without those of TypeORM's own table and without the NOT NULLs, which PostgreSQL 18 began to list and
 * which nobody names.
 */
export async function namedParts(dataSource: DataSource): Promise<NamedPart[]> {
  return dataSource.query<NamedPart[]>(`
    SELECT conrelid::regclass::text AS "table", conname AS name,
           CASE contype WHEN 'p' THEN 'pk' WHEN 'f' THEN 'fk' WHEN 'u' THEN 'uq' WHEN 'c' THEN 'ck' ELSE 'unknown' END AS prefix
      FROM pg_constraint
     WHERE connamespace = 'public'::regnamespace AND contype <> 'n' AND conrelid <> 'migrations'::regclass
    UNION ALL
    SELECT indrelid::regclass::text, indexrelid::regclass::text, CASE WHEN indisunique THEN 'uq' ELSE 'ix' END
      FROM pg_index JOIN pg_class c ON c.oid = indexrelid
     WHERE c.relnamespace = 'public'::regnamespace AND indrelid <> 'migrations'::regclass
       AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)
    ORDER BY 1, 2`);
}

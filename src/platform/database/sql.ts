/** SQL text with its parameters kept apart, so that one statement serves both engines' placeholder forms. */
export class Sql {
  constructor(
    readonly strings: readonly string[],
    readonly values: readonly unknown[],
  ) {}
}

class ValueList {
  constructor(readonly values: readonly unknown[]) {}
}

/** `sql\`select … where id = ${id}\``: values become parameters, nested Sql is spliced in. */
export function sql(strings: TemplateStringsArray, ...values: unknown[]): Sql {
  return new Sql(strings, values);
}

/** A list of parameters for `in (…)`, or of what is made of one each; an empty list never matches. */
export function list(values: readonly unknown[]): ValueList {
  return new ValueList(values);
}

/** Text that is part of the statement itself; only for names that the code owns, never for input. */
export function raw(text: string): Sql {
  return new Sql([text], []);
}

/** Values above which a list is worth carrying as one parameter. */
const longFrom = 100;

/**
 * The statement for an engine: `$1` on PostgreSQL, `@0` on SQL Server. With `asOne` long lists become one JSON parameter each,
 * for a statement that would have more parameters than the protocol allows; it is given the placeholder.
 */
export function renderSql(statement: Sql, placeholder: (index: number) => string, asOne?: (placeholder: string) => string): { text: string; params: unknown[] } {
  const params: unknown[] = [];
  const writeList = (values: readonly unknown[]): string => {
    if (values.length === 0) return 'null';
    if (asOne && values.length > longFrom && !values.some((v) => v instanceof Sql)) return asOne(placeholder(params.push(JSON.stringify(values.map(String))) - 1));
    return values.map((v) => (v instanceof Sql ? write(v) : placeholder(params.push(v) - 1))).join(', ');
  };
  const write = (s: Sql): string => {
    let out = s.strings[0] ?? '';
    s.values.forEach((value, i) => {
      if (value instanceof Sql) out += write(value);
      else if (value instanceof ValueList) out += writeList(value.values);
      else out += placeholder(params.push(value) - 1);
      out += s.strings[i + 1] ?? '';
    });
    return out;
  };
  return { text: write(statement), params };
}

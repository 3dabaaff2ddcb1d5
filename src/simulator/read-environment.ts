/** Reads settings of a program of the simulator from its environment; a blank value counts as not set. Messages name the variable. */
export interface EnvironmentReader {
  needed(name: string): string;
  optional(name: string): string | undefined;
  /** Not negative. */
  optionalNumber(name: string): number | undefined;
}

export function readEnvironment(env: Readonly<Record<string, string | undefined>>): EnvironmentReader {
  const optional = (name: string): string | undefined => (env[name] === '' ? undefined : env[name]);
  return {
    optional,
    needed(name) {
      const value = optional(name);
      if (value === undefined) throw new Error(`${name} is not set`);
      return value;
    },
    optionalNumber(name) {
      const value = optional(name);
      if (value === undefined) return undefined;
      const number = Number(value);
      if (!Number.isFinite(number) || number < 0) throw new Error(`${name} is not a number`);
      return number;
    },
  };
}

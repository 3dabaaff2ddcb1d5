/**
 * What SQL Server says of a fault, without the values that it quotes: logs and records of failures keep messages, and the values are
 * names and numbers of people. Which key, table and column it was stays.
 */
export function hideValues(message: string): string {
  return message
    .replace(/(duplicate key value is )\([^]*\)/, '$1([cut])')
    .replace(/(Truncated value: )'[^]*'/, "$1'[cut]'")
    .replace(/(char value )'[^]*'(?= to data type| overflowed)/, "$1'[cut]'");
}

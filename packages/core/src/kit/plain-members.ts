/** The members of `object` that are text, a number or a boolean: what a logger can take. The others may contain a cycle. */
export function plainMembers(object: object): Record<string, unknown> {
  const members = Object.entries(object);
  return Object.fromEntries(members.filter(([, value]) => ["string", "number", "boolean"].includes(typeof value)));
}

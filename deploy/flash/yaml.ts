/** Writes YAML that YAML 1.1 readers (cloud-init's PyYAML, netplan's libyaml) and 1.2 readers understand alike. */

export type Yaml = string | number | boolean | readonly Yaml[] | { readonly [key: string]: Yaml | undefined };

/**
 * Block style, two spaces, members in their order; undefined members are left out. Every string is a double-quoted JSON
 * string, which is YAML too: so nothing (`no`, `012`, `a: b`, `#`) is taken for something else. Ends with a newline.
 */
export function renderYaml(value: { readonly [key: string]: Yaml | undefined }): string {
  return `${renderMembers(value, '').join('\n')}\n`;
}

function renderMembers(value: { readonly [key: string]: Yaml | undefined }, indent: string): string[] {
  return Object.entries(value).flatMap(([key, member]) =>
    member === undefined ? [] : renderMember(`${indent}${renderKey(key)}:`, member, indent),
  );
}

function renderMember(head: string, member: Yaml, indent: string): string[] {
  if (isList(member)) {
    return member.length === 0
      ? [`${head} []`]
      : [head, ...member.map(item => `${indent}  - ${JSON.stringify(item)}`)];
  }
  if (typeof member !== 'object') return [`${head} ${JSON.stringify(member)}`];
  const members = renderMembers(member, `${indent}  `);
  return members.length === 0 ? [`${head} {}`] : [head, ...members];
}

function renderKey(key: string): string {
  return /^[a-z][a-z0-9_-]{3,}$/.test(key) ? key : JSON.stringify(key);
}

function isList(value: Yaml): value is readonly Yaml[] {
  return Array.isArray(value);
}

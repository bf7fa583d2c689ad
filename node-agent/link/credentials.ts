/** What the device got when it joined: its node's name and password, and the cluster they are for. */
import { join } from 'node:path';
import * as v from 'valibot';
import { readIfThere, writePrivateFile } from '../../shared/private-file.ts';

const CredentialsSchema = v.object({
  node: v.pipe(v.string(), v.minLength(1)),
  password: v.pipe(v.string(), v.minLength(1)),
  cluster: v.pipe(v.string(), v.minLength(1)),
});
export type Credentials = Readonly<v.InferOutput<typeof CredentialsSchema>>;

/** Where the credentials stand below the agent's folder; only its owner may read them. */
export function credentialsPath(folder: string): string {
  return join(folder, 'credentials.json');
}

/** The credentials; undefined before the device has joined. Throws when the file cannot be read or understood. */
export async function loadCredentials(folder: string): Promise<Credentials | undefined> {
  const path = credentialsPath(folder);
  let text: string | undefined;
  try {
    text = await readIfThere(path);
  } catch (error) {
    throw new Error(`cannot read ${path}`, { cause: error });
  }
  if (text === undefined) return undefined;
  try {
    return Object.freeze(v.parse(CredentialsSchema, JSON.parse(text)));
  } catch (error) {
    throw new Error(`${path} is damaged; delete it and join again with a fresh token`, { cause: error });
  }
}

/** Keeps the credentials for every later start. */
export async function saveCredentials(folder: string, credentials: Credentials): Promise<void> {
  await writePrivateFile(credentialsPath(folder), `${JSON.stringify(credentials)}\n`);
}

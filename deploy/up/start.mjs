/** `npm run up`: sets up a fresh clone, then becomes dist/up.cjs with the same arguments. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root, setUpOrExit } from './setup.mjs';

await setUpOrExit();
await import(pathToFileURL(join(root, 'dist/up.cjs')).href);

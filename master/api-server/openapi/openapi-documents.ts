/** The OpenAPI documents: version 3 one per group and version, version 2 one of all. */

import { digestOf } from '../../../shared/digest.ts';
import type { Kind } from '../../registry/kind.ts';
import type { Exchange } from '../exchange.ts';
import { sendTagged } from '../tagged.ts';
import type { Published } from './published.ts';

/** What clients ask /openapi/v2 for, and how its answer is called. Source: k8s.io/kube-openapi, handler.go. */
const GNOSTIC_ASKED = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf';
const GNOSTIC_ANSWERED = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';

/** Only the digest is kept: the texts are megabytes, made in milliseconds, and clients ask again only when a digest changes. */
type Document = { readonly published: () => Published; readonly digest: string };

export class OpenApiDocuments {
  private readonly kinds: () => readonly Kind[];
  private made:
    | { readonly from: readonly Kind[]; readonly documents: ReadonlyMap<string, Document> }
    | undefined;

  /** `kinds` answers the same array until a kind comes or goes. */
  constructor(kinds: () => readonly Kind[]) {
    this.kinds = kinds;
  }

  /** Answers /openapi/v3, the addresses of the documents. A hash in each changes with it, so that clients may keep it. */
  async sendIndex(exchange: Exchange): Promise<void> {
    const paths = [...(await this.documents())].map(([path, { digest }]) => [
      path,
      { serverRelativeURL: `/openapi/v3/${path}?hash=${digest.toUpperCase()}` },
    ]);
    const text = JSON.stringify({ paths: Object.fromEntries(paths) });
    sendTagged(exchange, { digest: digestOf(text), contentType: 'application/json' }, () => text);
  }

  /** Answers with a document by its path below /openapi/v3, such as `apis/apps/v1`; false when there is none. */
  async sendV3(exchange: Exchange, path: string): Promise<boolean> {
    const found = (await this.documents()).get(path);
    if (found === undefined) return false;
    const { documentV3, descriptions } = await generators();
    sendTagged(exchange, { digest: found.digest, contentType: 'application/json' }, () =>
      JSON.stringify(documentV3(found.published(), descriptions)),
    );
    return true;
  }

  /** Answers /openapi/v2, as JSON or gnostic's protobuf. */
  async sendV2(exchange: Exchange): Promise<void> {
    const documents = await this.documents();
    const { documentV2, publishAll, encodeGnostic, descriptions } = await generators();
    const isGnostic = exchange.header('accept')?.includes(GNOSTIC_ASKED) ?? false;
    // It says what the documents of version 3 say, so it changes when they do.
    const digest = digestOf([isGnostic, ...[...documents.values()].map(document => document.digest)]);
    const contentType = isGnostic ? GNOSTIC_ANSWERED : 'application/json';
    sendTagged(exchange, { digest, contentType }, () => {
      const document = documentV2(publishAll(this.kinds()), descriptions);
      return isGnostic ? encodeGnostic(document) : JSON.stringify(document);
    });
  }

  private async documents(): Promise<ReadonlyMap<string, Document>> {
    const from = this.kinds();
    if (this.made?.from !== from) this.made = { from, documents: await makeDocuments(from) };
    return this.made.documents;
  }
}

/** Loaded at first use: descriptions and tables are most of what these documents weigh. */
async function generators() {
  const [
    { documentV3 },
    { documentV2 },
    { publishAll, publishEach },
    { encodeGnostic },
    { default: descriptions },
  ] = await Promise.all([
    import('./document-v3.ts'),
    import('./document-v2.ts'),
    import('./published.ts'),
    import('./gnostic.ts'),
    import('../../../shared/kubernetes/generated/descriptions.json', { with: { type: 'json' } }),
  ]);
  return { documentV3, documentV2, publishAll, publishEach, encodeGnostic, descriptions };
}

async function makeDocuments(kinds: readonly Kind[]): Promise<ReadonlyMap<string, Document>> {
  const { documentV3, publishEach, descriptions } = await generators();
  return new Map(
    [...publishEach(kinds)].map(([path, published]) => [
      path,
      { published, digest: digestOf(JSON.stringify(documentV3(published(), descriptions))) },
    ]),
  );
}

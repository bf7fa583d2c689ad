/** Which Pikelet this is, and the Kubernetes whose API it speaks. */

/** Stands in package.json and cli/package.json, too; test/architecture compares them. */
export const PRODUCT_VERSION = '0.1.0';

/** Clients compare themselves with it. */
export const KUBERNETES_VERSION = 'v1.32.0';

/** The two in one, as master and node-agents say it. */
export const GIT_VERSION = `${KUBERNETES_VERSION}+pikelet.${PRODUCT_VERSION}`;

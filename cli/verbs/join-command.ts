/** The command that makes a running device join, as people paste it. Pure. */

/** `api` is the API's address as the device reaches it, which serves the installer. */
export function joinCommand({ api, token }: { readonly api: string; readonly token: string }): string {
  return `curl -fsSk ${api}/install.sh | sudo sh -s -- --token ${token}`;
}

/** True for an address that only the machine itself reaches. */
export function isLoopback(server: string): boolean {
  const host = URL.canParse(server) ? new URL(server).hostname : server;
  return host === 'localhost' || host === '[::1]' || /^127\./.test(host);
}

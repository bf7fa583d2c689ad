/** The credential: it comes in the address, behind the #, which browsers send to nobody, and is kept for this tab alone. */
const KEY = 'pikelet-token';

export function takeToken(): string | undefined {
  const given = new URLSearchParams(location.hash.slice(1)).get('token');
  if (given) {
    sessionStorage.setItem(KEY, given);
    history.replaceState(undefined, '', location.pathname + location.search);
  }
  return sessionStorage.getItem(KEY) ?? undefined;
}

export function keepToken(token: string): void {
  sessionStorage.setItem(KEY, token.trim());
}

export function dropToken(): void {
  sessionStorage.removeItem(KEY);
}

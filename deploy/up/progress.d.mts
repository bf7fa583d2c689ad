export function step<T>(
  label: string,
  action: () => Promise<T>,
  out?: { isTTY?: boolean; write(text: string): unknown },
): Promise<T>;

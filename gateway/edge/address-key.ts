/** By what an address is counted: IPv4 as a whole, IPv6 by its first 64 bits, for one host has all the others. */
export function addressKey(address: string | undefined): string {
  if (address === undefined) return "";
  if (!address.includes(":")) return address;
  // An IPv4 peer of a socket that listens on `::` is written ::ffff:a.b.c.d.
  if (address.includes(".")) return address.slice(address.lastIndexOf(":") + 1);
  const [text = ""] = address.split("%");
  const [left = "", right] = text.split("::");
  const head = left === "" ? [] : left.split(":");
  if (right === undefined) return head.slice(0, 4).join(":");
  const tail = right === "" ? [] : right.split(":");
  const zeros = Array.from({ length: Math.max(0, 8 - head.length - tail.length) }, () => "0");
  return [...head, ...zeros, ...tail].slice(0, 4).join(":");
}

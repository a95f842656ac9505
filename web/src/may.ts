import type { Place } from "./place";
import { useWho } from "./session";

/** Whether buttons that write are shown here. The server decides again, whatever a page shows. */
export function useMayWrite({ namespace, repo }: Place): boolean {
  const who = useWho();
  if (!who || who.kind === "anonymous") return false;
  if (who.kind === "operator") return true;
  const isHere = isNamed(who.namespace, namespace) && (who.repository === null || isNamed(who.repository, repo));
  return isHere && (who.scope === "write" || who.scope === "admin");
}

// Names that differ in their case alone are the same.
function isNamed(name: string | null, here: string): boolean {
  return name?.toLowerCase() === here.toLowerCase();
}

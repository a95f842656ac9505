import { useWho } from "./session";

/** Whether links to a namespace's settings are shown. The server decides again, whatever a page shows. */
export function useMayRun(name: string): boolean {
  const who = useWho();
  if (who?.kind === "operator") return true;
  // Names that differ in their case alone are the same.
  return who?.kind === "namespace" && who.scope === "admin" && who.namespace?.toLowerCase() === name.toLowerCase();
}

// Types alone, never run: `scripts/check-client.sh` has tsc compare this client's with those that
// `wrangler types` writes for the binding. The binding's are global, this client's are imported.

import * as cairn from "cairn-client";

declare const env: { ARTIFACTS: Artifacts };

// A Worker written for the binding takes this client, and one written for this client the binding.
export const asTheBinding: Artifacts = cairn.artifacts({
  url: "https://cairn.example",
  namespace: "default",
  key: "secret",
});
export const asCairn: cairn.Artifacts = env.ARTIFACTS;

// Each type is the binding's, in both directions: neither lacks a field or widens one.
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : never) : never;
type Method<T, Name extends keyof T> = T[Name] extends (...args: infer A) => infer R ? [A, R] : never;

type OfCairnAlone =
  | "UNAUTHORIZED"
  | "FORBIDDEN"
  | "PATCH_FAILED"
  | "CONFLICT"
  | "MERGE_CONFLICT"
  | "NO_CHANGE"
  | "REF_REFUSED"
  | "EVENTS_GONE"
  | "MOVED"
  | "QUOTA_EXCEEDED";

export const same: [
  Same<ArtifactsRepoInfo, cairn.ArtifactsRepoInfo>,
  Same<ArtifactsCreateRepoResult, cairn.ArtifactsCreateRepoResult>,
  Same<ArtifactsRepoListResult, cairn.ArtifactsRepoListResult>,
  Same<ArtifactsCreateTokenResult, cairn.ArtifactsCreateTokenResult>,
  Same<ArtifactsTokenInfo, cairn.ArtifactsTokenInfo>,
  Same<ArtifactsTokenListResult, cairn.ArtifactsTokenListResult>,
  Same<ArtifactsTreeEntry, cairn.ArtifactsTreeEntry>,
  Same<ArtifactsTreeEntryType, cairn.ArtifactsTreeEntryType>,
  Same<ArtifactsCommitMetadata, cairn.ArtifactsCommitMetadata>,
  Same<keyof Artifacts, keyof cairn.Artifacts>,
  Same<keyof ArtifactsRepo, keyof cairn.ArtifactsRepo>,
  Same<Method<Artifacts, "create">, Method<cairn.Artifacts, "create">>,
  Same<Method<Artifacts, "import">, Method<cairn.Artifacts, "import">>,
  Same<Method<Artifacts, "list">, Method<cairn.Artifacts, "list">>,
  Same<Method<Artifacts, "delete">, Method<cairn.Artifacts, "delete">>,
  Same<Method<ArtifactsRepo, "createToken">, Method<cairn.ArtifactsRepo, "createToken">>,
  Same<Method<ArtifactsRepo, "revokeToken">, Method<cairn.ArtifactsRepo, "revokeToken">>,
  Same<Method<ArtifactsRepo, "fork">, Method<cairn.ArtifactsRepo, "fork">>,
  Same<Method<ArtifactsRepo, "log">, Method<cairn.ArtifactsRepo, "log">>,
  Same<Method<ArtifactsRepo, "readFile">, Method<cairn.ArtifactsRepo, "readFile">>,
  Same<ArtifactsErrorCode, Exclude<cairn.ArtifactsErrorCode, OfCairnAlone>>,
] = [
  true, true, true, true, true, true, true, true, true, true, true, true, true, true, true, true,
  true, true, true, true, true,
];

// An error is told by its name and code, as the binding's is, or by its class.
export function told(error: unknown): ArtifactsErrorCode | number | undefined {
  if (error instanceof cairn.ArtifactsError && error.code === "UNAUTHORIZED") return error.status;
  if (error instanceof Error && error.name === "ArtifactsError") {
    return (error as ArtifactsError).code;
  }
  return undefined;
}

// Any platform's `fetch` is taken, that of a service binding too.
declare const service: Fetcher;
const options = { url: new URL("https://cairn.example"), namespace: "default", key: "secret" };
export const byService = cairn.artifacts({ ...options, fetch: (url, init) => service.fetch(url, init) });
export const byGlobal = cairn.artifacts({ ...options, fetch });

// @ts-expect-error a scope is one of two words
export const noScope = asTheBinding.get("x").then((repo) => repo.createToken("admin"));

export async function disposed(): Promise<string> {
  using repo = await cairn.artifacts(options).get("hello");
  return (await repo.info()).remote;
}

// From the fields of the REST API to those of the binding.

/** @typedef {Record<string, any>} Json */

/**
 * @param {Json} result
 * @returns {import("../index.d.ts").ArtifactsCreateRepoResult}
 */
export function created({ id, name, description, default_branch, remote, token, ...more }) {
  const { expires_at: expiresAt, clone_url: cloneUrl, skipped_refs: skippedRefs } = more;
  const made = { id, name, description, defaultBranch: default_branch, remote, token, expiresAt, cloneUrl };
  return skippedRefs ? { ...made, skippedRefs } : made;
}

/**
 * @param {Json} result
 * @returns {Omit<import("../index.d.ts").ArtifactsRepoInfo, "remote">}
 */
export function listed(result) {
  const { id, name, description, source } = result;
  return {
    id,
    name,
    description,
    defaultBranch: result.default_branch,
    createdAt: result.created_at,
    updatedAt: result.updated_at,
    lastPushAt: result.last_push_at,
    source,
    readOnly: result.read_only,
  };
}

/**
 * @param {import("../index.d.ts").PreReceiveChange | null} [hook]
 * @returns {Json | null | undefined}
 */
export function hookGiven(hook) {
  if (!hook) return hook;
  const { url, timeoutMs, onFailure, refs, secret } = hook;
  return { url, timeout_ms: timeoutMs, on_failure: onFailure, refs, secret };
}

/**
 * @param {Json} hook
 * @returns {import("../index.d.ts").PreReceive | null}
 */
function hookShown(hook) {
  if (!hook) return null;
  const { url, timeout_ms: timeoutMs, on_failure: onFailure, refs, secret } = hook;
  const shown = { url, timeoutMs, onFailure, refs };
  return secret ? { ...shown, secret } : shown;
}

/**
 * @param {Json} result
 * @returns {import("../index.d.ts").SizedRepo}
 */
export function sized(result) {
  return {
    ...listed(result),
    public: result.public,
    remote: result.remote,
    sizeBytes: result.size_bytes,
    objectCount: result.object_count,
    lfsBytes: result.lfs_bytes,
    expiresAt: result.expires_at,
    status: result.status,
  };
}

/**
 * @param {Json} result
 * @returns {import("../index.d.ts").CairnUsage}
 */
export function usage(result) {
  return {
    ...totals(result),
    repoCount: result.repo_count,
    sqliteBytes: result.sqlite_bytes,
    r2Bytes: result.r2_bytes,
    days: result.days.map((/** @type {Json} */ { date, pushes, fetches, bytes_in, bytes_out }) => ({
      date,
      pushes,
      fetches,
      bytesIn: bytes_in,
      bytesOut: bytes_out,
    })),
  };
}

/** @param {Json} result */
function totals(result) {
  return {
    sizeBytes: result.size_bytes,
    objectCount: result.object_count,
    lfsBytes: result.lfs_bytes,
    bytesMax: result.bytes_max,
    reposMax: result.repos_max,
  };
}

/**
 * @param {Json} result
 * @returns {import("../index.d.ts").CairnRepoInfo}
 */
export function shown(result) {
  const { remote, fsck, fsck_warnings: warnings, skipped_refs: skippedRefs } = result;
  const { lfs_import: lfsImport } = result;
  /** @type {import("../index.d.ts").CairnRepoInfo} */
  const info = {
    ...listed(result),
    remote,
    public: result.public,
    denyNonFastForwards: result.deny_non_fast_forwards,
    denyDeletes: result.deny_deletes,
    fsck,
    fetchEvents: result.fetch_events,
    pushProtection: result.push_protection,
    refRules: result.ref_rules,
    preReceive: hookShown(result.pre_receive),
    // Older servers have none.
    downstreams: (result.downstreams ?? []).map(inShort),
    expiresAt: result.expires_at,
    idleTtlSeconds: result.idle_ttl_seconds,
    lfsObjects: result.lfs_objects,
    lfsBytes: result.lfs_bytes,
    bytesMax: result.bytes_max,
  };
  // Only imports and forks have them.
  if (warnings) {
    const { object_count: objectCount, by_message: byMessage, first } = warnings;
    info.fsckWarnings = { objectCount, byMessage, first };
  }
  if (skippedRefs) info.skippedRefs = skippedRefs;
  if (lfsImport) info.lfsImport = lfsImport;
  return info;
}

/** @param {Json} downstream */
function inShort({ id, url, active, last_push: lastPush, last_error: lastError }) {
  return { id, url, active, lastPush, lastError };
}

/**
 * @param {Json} result
 * @returns {import("../index.d.ts").DeletedRepo}
 */
export function deleted({ id, name, deleted_at: deletedAt, restorable_until: restorableUntil }) {
  return { id, name, deletedAt, restorableUntil };
}

/**
 * When a repository ends, as the REST API takes it.
 * @param {import("../index.d.ts").Lifetime} [lifetime]
 */
export function lifetime({ ttlSeconds, expiresAt, idleTtlSeconds } = {}) {
  return { ttl_seconds: ttlSeconds, expires_at: expiresAt, idle_ttl_seconds: idleTtlSeconds };
}

/**
 * @param {Json} result
 * @returns {import("../index.d.ts").CairnNamespaceInfo}
 */
export function namespaceInfo({ namespace, repo_count, created_at, fsck, issuers, ...more }) {
  const { jurisdiction, updated_at: updatedAt, suspended, read_only: readOnly, standing } = more;
  const { tokens_revoked_before: tokensRevokedBefore } = more;
  const info = { name: namespace, repoCount: repo_count, createdAt: created_at, fsck, ...totals(more) };
  return { ...info, jurisdiction, updatedAt, suspended, readOnly, tokensRevokedBefore, standing, issuers };
}

/** @param {import("../index.d.ts").AuditQuery} asked */
export function auditQuery({ limit, cursor, action, actor, tokenId, since, until }) {
  return { limit, cursor, action, actor, token_id: tokenId, since, until };
}

/**
 * @param {Json} result
 * @returns {import("../index.d.ts").AuditEntry}
 */
export function auditEntry({ id, at, action, actor, request_id, address, repo_id, repo, details }) {
  const { kind, token_id: tokenId = null, label = null } = actor;
  const by = { kind, tokenId, label };
  return { id, at, action, actor: by, requestId: request_id, address, repoId: repo_id, repo, details };
}

/**
 * @param {Json} result
 * @returns {import("../index.d.ts").ArtifactsCreateTokenResult}
 */
export function createdToken({ id, plaintext, scope, expires_at, clone_url }) {
  return { id, plaintext, scope, expiresAt: expires_at, cloneUrl: clone_url };
}

/**
 * @param {Json} result
 * @returns {import("../index.d.ts").ArtifactsTokenInfo}
 */
export function listedToken({ id, scope, state, created_at, expires_at }) {
  return { id, scope, state, createdAt: created_at, expiresAt: expires_at };
}

/**
 * @param {Json} result
 * @returns {import("../index.d.ts").ArtifactsCommitMetadata}
 */
export function commit(result) {
  const { hash, treeHash, author, committer, parents } = result;
  return {
    hash,
    treeHash,
    message: result.message.replace(/\n$/, ""),
    author,
    committer,
    parents,
    authoredAt: unixSeconds(result.authoredAt),
    committedAt: unixSeconds(result.committedAt),
  };
}

/** @param {string} time ISO 8601 */
function unixSeconds(time) {
  return Math.floor(Date.parse(time) / 1000);
}

/**
 * @param {Json} result
 * @returns {import("../index.d.ts").ArtifactsTreeEntry}
 */
export function treeEntry({ name, mode, hash, type }) {
  // As it stands in the tree: git shows a folder's mode with a zero before it.
  return { name, mode: mode.replace(/^0/, ""), hash, type };
}

/**
 * @param {Json} result
 * @returns {import("../index.d.ts").ListedLfsObject}
 */
export function lfsObject({ oid, size, created_at: createdAt }) {
  return { oid, size, createdAt };
}

/**
 * @param {any} result
 * @returns {import("../index.d.ts").ArtifactsPurgeResult}
 */
export function purged(result) {
  const { packs_rewritten, lfs_objects, lfs_bytes, r2_objects, other_holders, ...rest } = result;
  return {
    ...rest,
    packsRewritten: packs_rewritten,
    lfsObjects: lfs_objects,
    lfsBytes: lfs_bytes,
    r2Objects: r2_objects,
    otherHolders: other_holders,
  };
}

/**
 * A page, with the cursor of the next one; an empty cursor is the list's end.
 * @template T
 * @param {T} page
 * @param {{ cursor?: string }} info
 * @returns {T | (T & { cursor: string })}
 */
export function paged(page, { cursor }) {
  return cursor ? { ...page, cursor } : page;
}

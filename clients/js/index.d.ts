/// <reference lib="esnext.disposable" />

/**
 * Makes an object like the Cloudflare Artifacts binding, for one namespace of a Cairn server.
 *
 * @example
 * const ARTIFACTS = artifacts({ url: env.CAIRN_URL, namespace: "default", key: env.CAIRN_KEY });
 * const { remote, token } = await ARTIFACTS.create("hello");
 *
 * @throws {TypeError} if the URL is not one, or the key is missing.
 * @throws {ArtifactsError} `INVALID_REPO_NAME` if the namespace is not a valid name.
 */
export function artifacts(options: ConnectOptions): CairnArtifacts;

/** The address of the server, and the credential for it. */
export interface ConnectOptions {
  /** The server, as in `https://cairn.example.workers.dev`. */
  url: string | URL;
  /** The namespace. The first repository makes its namespace. */
  namespace: string;
  /** The operator's key, or a token of the namespace. It is a secret: not for other people's browsers. */
  key: string;
  /**
   * Replaces the platform's `fetch`. In a Worker beside Cairn, use that of a service binding:
   * `(url, init) => env.CAIRN.fetch(url, init)`.
   */
  fetch?: Fetch;
}

/** The part of `fetch` that this client uses. */
export type Fetch = (
  url: string,
  init: { method: string; headers: Record<string, string>; body?: string },
) => Promise<{
  status: number;
  headers: { get(name: string): string | null };
  text(): Promise<string>;
  arrayBuffer(): Promise<ArrayBuffer>;
}>;

/** A repository. Times are ISO 8601. */
export interface ArtifactsRepoInfo {
  /** Its id, 16 characters of `[0-9a-z]`. */
  id: string;
  /** The name as created. No other repository's name differs only in case. */
  name: string;
  /** Free text. */
  description: string | null;
  /** The branch that `HEAD` names, by its short name. */
  defaultBranch: string;
  createdAt: string;
  /** The last change of settings or refs. */
  updatedAt: string;
  /** The last push, or null before the first. */
  lastPushAt: string | null;
  /** `artifacts:<namespace>/<name>` of a fork, `git:<url>` of an import, else null. */
  source: string | null;
  /** Whether pushes are refused. */
  readOnly: boolean;
  /** Where Git reaches it, without credentials. */
  remote: string;
}

/** A repository just made. */
export interface ArtifactsCreateRepoResult {
  id: string;
  name: string;
  description: string | null;
  defaultBranch: string;
  /** Where Git reaches it, without credentials. */
  remote: string;
  /** A token for a day that may fetch and push. It is never shown again. */
  token: string;
  /** When the token ends. Cairn always gives it; the binding does not. */
  expiresAt?: string;
  /** The remote with the token in it, for `git clone`. Cairn always gives it. */
  cloneUrl?: string;
  /** Of a fork: the source's refs that it left out because of their names. */
  skippedRefs?: SkippedRefs;
}

/** How a repository checks objects that are pushed or imported. */
export interface FsckChange {
  /**
   * As git's `--strict` does; false lets in with a warning what harms no reader. A repository has its
   * namespace's default, a fork its source's, unless it is given.
   */
  strict?: boolean;
}

/** What fsck warned of in the objects of an import; while it runs, so far. */
export interface FsckWarnings {
  /** Objects with a warning. */
  objectCount: number;
  /** By git's message id, as in `badTimezone`: the objects that have it. */
  byMessage: Record<string, number>;
  /** The first ten warnings. */
  first: {
    hash: string;
    type: "commit" | "tree" | "blob" | "tag";
    message: string;
    detail: string;
  }[];
}

/** Refs of its source that an import or a fork left out because of their names. */
export interface SkippedRefs {
  /** How many there are. */
  count: number;
  /** The first ten. */
  first: { name: string; reason: string }[];
}

/** One page of a namespace's repositories, newest first. */
export interface ArtifactsRepoListResult {
  repos: Omit<ArtifactsRepoInfo, "remote">[];
  /** How many there are in the namespace. */
  total: number;
  /** The cursor of the next page; missing on the last page. */
  cursor?: string;
}

/** A token just made. */
export interface ArtifactsCreateTokenResult {
  /** Its id, 16 characters of `[0-9a-z]`. */
  id: string;
  /** The token. It is never shown again. */
  plaintext: string;
  scope: "read" | "write";
  expiresAt: string;
  /** The remote with the token in it, for `git clone`. Cairn always gives it. */
  cloneUrl?: string;
}

/** A token, without its plaintext. */
export interface ArtifactsTokenInfo {
  id: string;
  scope: "read" | "write";
  state: "active" | "expired" | "revoked";
  createdAt: string;
  expiresAt: string;
}

/** All tokens of a repository in any state, newest first. */
export interface ArtifactsTokenListResult {
  tokens: ArtifactsTokenInfo[];
  total: number;
}

/** The kind of a tree's entry, by its mode; a `gitlink` is a submodule. */
export type ArtifactsTreeEntryType = "tree" | "blob" | "symlink" | "gitlink" | "exec";

/** An immediate entry of a tree. */
export interface ArtifactsTreeEntry {
  name: string;
  /** As Git writes it: `100644`, `100755`, `120000`, `160000`, `40000`. */
  mode: string;
  /** An object id, 40 lowercase hex digits. */
  hash: string;
  type: ArtifactsTreeEntryType;
}

/** What a purge removed, and which repositories may still hold it. */
export interface ArtifactsPurgeResult {
  /** Objects that no ref reached. */
  objects: number;
  /** Bytes by which the packs shrank. */
  bytes: number;
  packsRewritten: number;
  /** Objects in R2 that this repository released. */
  r2Objects: number;
  /** Repositories of the fork network that name packs that this one does not. */
  holders: {
    id: string;
    namespace: string | null;
    name: string | null;
    /** What was removed there, if it was purged too. */
    objects?: number;
    /** Why it was not purged. */
    error?: string;
  }[];
  /** How many more there are, in other namespaces. */
  otherHolders: number;
}

/** A commit. Ids are 40 lowercase hex digits, times are unix seconds. */
export interface ArtifactsCommitMetadata {
  hash: string;
  /** The id of its root tree. */
  treeHash: string;
  /** The message, without one newline at its end. */
  message: string;
  author: { name: string; email: string };
  committer: { name: string; email: string };
  /** In Git's order; empty for a root commit. */
  parents: string[];
  authoredAt: number;
  committedAt: number;
}

/** A repository. It needs no disposal; `using` works, as with the binding's. */
export interface ArtifactsRepo {
  [Symbol.dispose](): void;

  /**
   * The repository's current settings and state.
   * @throws {ArtifactsError} `NOT_FOUND` if it was deleted.
   */
  info(): Promise<ArtifactsRepoInfo>;

  /**
   * Makes a token for this repository.
   * @param scope `write` unless given.
   * @param ttl Seconds that it lives: 86400 unless given, 60 to 31536000.
   * @throws {ArtifactsError} `INVALID_TTL` if `ttl` is out of bounds.
   */
  createToken(scope?: "write" | "read", ttl?: number): Promise<ArtifactsCreateTokenResult>;

  /** All tokens of this repository. */
  listTokens(): Promise<ArtifactsTokenListResult>;

  /**
   * Revokes a token. Sends the SHA-256 of the plaintext, not the plaintext itself.
   * @param tokenOrId Its plaintext, with or without its expiry, or its id.
   * @returns Whether this repository has such a token.
   * @throws {ArtifactsError} `INVALID_INPUT` if it is empty.
   */
  revokeToken(tokenOrId: string): Promise<boolean>;

  /**
   * Makes a fork in the same namespace.
   * @param opts.defaultBranchOnly Whether the fork gets only the default branch: true unless given.
   * @param opts.fsck How it checks objects; not among the binding's options.
   * @throws {ArtifactsError} `INVALID_REPO_NAME`, `ALREADY_EXISTS`, `FORK_IN_PROGRESS`.
   */
  fork(
    name: string,
    opts?: {
      description?: string;
      readOnly?: boolean;
      defaultBranchOnly?: boolean;
      fsck?: FsckChange;
    },
  ): Promise<ArtifactsCreateRepoResult>;

  /**
   * Commits along the first parents, newest first.
   * @param opts.ref A branch, a tag or a commit id; `HEAD` unless given.
   * @param opts.limit 50 unless given, 1000 at most.
   * @param opts.offset How many commits to skip.
   * @returns An empty list if there is no such ref.
   */
  log(opts?: {
    ref?: string;
    limit?: number;
    offset?: number;
  }): Promise<ArtifactsCommitMetadata[]>;

  /**
   * A commit, or null if none has this id.
   * @throws {ArtifactsError} `INVALID_INPUT` if the id is malformed.
   */
  readCommit(hash: string): Promise<ArtifactsCommitMetadata | null>;

  /**
   * The immediate entries of a tree, or null if none has this id.
   * @throws {ArtifactsError} `INVALID_INPUT` if the id is malformed.
   */
  readTree(hash: string): Promise<ArtifactsTreeEntry[] | null>;

  /**
   * The bytes of a blob, without a type, or null if none has this id.
   * @throws {ArtifactsError} `INVALID_INPUT` if the id is malformed, `MEMORY_LIMIT`.
   */
  readBlob(hash: string): Promise<Blob | null>;

  /**
   * The bytes of a file with a media type that is safe to serve, or null if the ref or the path
   * leads to no file.
   * @throws {ArtifactsError} `INVALID_INPUT` if either is empty, `MEMORY_LIMIT`.
   */
  readFile(args: { ref: string; path: string }): Promise<Blob | null>;
}

/** The repositories of one namespace. */
export interface Artifacts {
  /**
   * Makes a repository.
   * @param opts.setDefaultBranch `main` unless given.
   * @param opts.fsck How it checks objects; not among the binding's options.
   * @throws {ArtifactsError} `INVALID_REPO_NAME`, `INVALID_INPUT`, `ALREADY_EXISTS`,
   * `CREATE_IN_PROGRESS`.
   */
  create(
    name: string,
    opts?: {
      readOnly?: boolean;
      description?: string;
      setDefaultBranch?: string;
      fsck?: FsckChange;
    },
  ): Promise<ArtifactsCreateRepoResult>;

  /**
   * A repository that exists and is ready.
   * @throws {ArtifactsError} `NOT_FOUND`, `IMPORT_IN_PROGRESS`, `FORK_IN_PROGRESS`.
   */
  get(name: string): Promise<ArtifactsRepo>;

  /**
   * Imports a repository from another Git server. Returns as soon as the import has begun: until it
   * is done, `get` throws `IMPORT_IN_PROGRESS`.
   * @param params.source.branch The only branch to import; all unless given.
   * @param params.source.depth How many commits of history to import; all unless given.
   * @param params.target.opts.fsck How it checks objects; not among the binding's options.
   * @throws {ArtifactsError} `INVALID_REPO_NAME`, `INVALID_URL`, `REMOTE_AUTH_REQUIRED`,
   * `NOT_FOUND`, `UPSTREAM_UNAVAILABLE`, `ALREADY_EXISTS`.
   */
  import(params: {
    source: { url: string; branch?: string; depth?: number };
    target: {
      name: string;
      opts?: { description?: string; readOnly?: boolean; fsck?: FsckChange };
    };
  }): Promise<ArtifactsCreateRepoResult>;

  /**
   * One page of repositories, newest first.
   * @param opts.limit 50 unless given, 1 to 200.
   * @param opts.cursor The cursor of the previous page.
   */
  list(opts?: { limit?: number; cursor?: string }): Promise<ArtifactsRepoListResult>;

  /**
   * Deletes a repository with all its tokens.
   * @returns Whether there was one.
   * @throws {ArtifactsError} `INVALID_REPO_NAME`.
   */
  delete(name: string): Promise<boolean>;
}

/** The binding's methods, and methods that the binding lacks: settings of the namespace and of repositories. */
export interface CairnArtifacts extends Artifacts {
  get(name: string): Promise<CairnRepo>;

  /**
   * Makes the namespace before its first repository does: for the operator alone.
   * @param opts.fsck What its repositories take, unless they say otherwise.
   * @throws {ArtifactsError} `ALREADY_EXISTS`, `FORBIDDEN`.
   */
  createNamespace(opts?: { fsck?: FsckChange }): Promise<CairnNamespaceInfo>;

  /**
   * What the namespace is now.
   * @throws {ArtifactsError} `NOT_FOUND` before its first repository.
   */
  namespaceInfo(): Promise<CairnNamespaceInfo>;

  /**
   * Changes the namespace's settings; what is absent stays.
   * @param change.fsck What repositories take that are made from now on, unless they say otherwise.
   * @throws {ArtifactsError} `NOT_FOUND` before its first repository.
   */
  updateNamespace(change: { fsck?: FsckChange }): Promise<CairnNamespaceInfo>;
}

/** A namespace. */
export interface CairnNamespaceInfo {
  name: string;
  repoCount: number;
  createdAt: string;
  /** What its repositories take, unless they say otherwise. */
  fsck: { strict: boolean };
}

/** A repository, with what the binding does not tell. */
export interface CairnRepoInfo extends ArtifactsRepoInfo {
  /** Whether anybody may fetch. */
  public: boolean;
  /** Whether branches may only move forward. */
  denyNonFastForwards: boolean;
  /** Whether branches may not be deleted. */
  denyDeletes: boolean;
  /** How it checks objects that are pushed. */
  fsck: { strict: boolean };
  /** Of an import: what fsck warned of. */
  fsckWarnings?: FsckWarnings;
  /** Of an import or a fork: refs of its source that it left out. */
  skippedRefs?: SkippedRefs;
}

/** A repository, with methods that the binding lacks. */
export interface CairnRepo extends ArtifactsRepo {
  info(): Promise<CairnRepoInfo>;

  /**
   * Changes settings; what is absent stays.
   * @param change.description Free text; null takes it away.
   * @param change.fsck How objects are checked that are pushed from now on.
   * @returns What the repository is now.
   * @throws {ArtifactsError} `INVALID_INPUT`.
   */
  update(change: {
    description?: string | null;
    defaultBranch?: string;
    readOnly?: boolean;
    public?: boolean;
    denyNonFastForwards?: boolean;
    denyDeletes?: boolean;
    fsck?: FsckChange;
  }): Promise<CairnRepoInfo>;

  /**
   * Removes objects that no ref reaches for good: those that a force push or a deletion left behind.
   * @param opts.network Whether to purge the other repositories of the fork network too; for the
   * operator only.
   * @throws {ArtifactsError} `FORBIDDEN`; `UNAVAILABLE` while pushes run.
   */
  purgeUnreachable(opts?: { network?: boolean }): Promise<ArtifactsPurgeResult>;
}

/**
 * The tokens of a namespace itself, which the binding does not have.
 *
 * @example
 * const tokens = namespaceTokens({ url: env.CAIRN_URL, namespace: "default", key: env.CAIRN_KEY });
 * const { plaintext } = await tokens.create({ scope: "read", repos: ["app", "library"] });
 *
 * @throws {TypeError} if the URL is not one, or the key is missing.
 * @throws {ArtifactsError} `INVALID_REPO_NAME` if the namespace is not a valid name.
 */
export function namespaceTokens(options: ConnectOptions): NamespaceTokens;

/** Tokens that read or write several repositories of a namespace, or all, or administer it. */
export interface NamespaceTokens {
  /**
   * Makes a token.
   * @param token.scope `admin` only for the operator, and without `repos`.
   * @param token.repos Names of the repositories that it opens, 100 at most; all unless given.
   * @param token.ttl Seconds that it lives: 86400 unless given, 60 to 31536000.
   * @throws {ArtifactsError} `NOT_FOUND` if there is no such repository, `INVALID_TTL`.
   */
  create(token: {
    scope: "read" | "write" | "admin";
    repos?: string[];
    ttl?: number;
    label?: string;
  }): Promise<CreatedNamespaceToken>;

  /** All tokens in any state, newest first; those of scope `admin` only for the operator. */
  list(): Promise<{ tokens: NamespaceToken[]; total: number }>;

  /**
   * Revokes a token of the namespace or of one of its repositories.
   * @returns Whether there is such a token.
   * @throws {ArtifactsError} `INVALID_INPUT` if it is not an id.
   */
  revoke(id: string): Promise<boolean>;
}

/** A token of a namespace, just made. */
export interface CreatedNamespaceToken {
  id: string;
  /** The token. It is never shown again. */
  plaintext: string;
  scope: "read" | "write" | "admin";
  expiresAt: string;
  /** Names of the repositories that it opens, or null for all. */
  repos: string[] | null;
}

/** A token of a namespace, without its plaintext. */
export interface NamespaceToken {
  id: string;
  scope: "read" | "write" | "admin";
  state: "active" | "expired" | "revoked";
  label: string | null;
  /** Names of the existing repositories that it opens; null for all. */
  repos: string[] | null;
  createdAt: string;
  expiresAt: string;
}

/** Why a call failed. The binding lacks the first two, because it needs no credential. */
export type ArtifactsErrorCode =
  | "UNAUTHORIZED"
  | "FORBIDDEN"
  | "ALREADY_EXISTS"
  | "NOT_FOUND"
  | "CREATE_IN_PROGRESS"
  | "IMPORT_IN_PROGRESS"
  | "FORK_IN_PROGRESS"
  | "INVALID_INPUT"
  | "INVALID_REPO_NAME"
  | "INVALID_TTL"
  | "INVALID_URL"
  | "REMOTE_AUTH_REQUIRED"
  | "UPSTREAM_UNAVAILABLE"
  | "MEMORY_LIMIT"
  | "INTERNAL_ERROR";

/** Every method of this client rejects only with this error. */
export class ArtifactsError extends Error {
  constructor(code: ArtifactsErrorCode, message: string, more?: ArtifactsErrorMore);
  readonly name: "ArtifactsError";
  readonly code: ArtifactsErrorCode;
  /** The code's number in the REST API. */
  readonly numericCode: number;
  /** The HTTP status, or 0 where no answer came. */
  readonly status: number;
  /** The JSON pointer of the field at fault, where the server named one. */
  readonly pointer?: string;
  /** Seconds after which to try again, where the server named them. */
  readonly retryAfter?: number;
}

/** What an error may say beyond its code. */
export interface ArtifactsErrorMore {
  status?: number;
  numericCode?: number;
  pointer?: string;
  retryAfter?: number;
  cause?: unknown;
}

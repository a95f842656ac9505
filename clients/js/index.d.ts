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

/** A body that this client sends. */
export type FetchBody = string | Uint8Array<ArrayBuffer> | Blob | ReadableStream<Uint8Array>;

/** The part of `fetch` that this client uses. */
export type Fetch = (
  url: string,
  init: {
    method: string;
    headers: Record<string, string>;
    body?: FetchBody;
    /** With a stream as the body. */
    duplex?: "half";
    /** For a feed: aborted when the answer is not wanted any more. */
    signal?: AbortSignal;
  },
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
  /** For a fork: the source's refs that it left out because of their names. */
  skippedRefs?: SkippedRefs;
}

/** How a repository checks objects that are pushed or imported. */
export interface FsckChange {
  /**
   * As git's `--strict` does; false lets in harmless faults with a warning. A repository has its
   * namespace's default, a fork its source's, unless it is given.
   */
  strict?: boolean;
}

/** Objects of Git LFS that an import took along. */
export interface LfsImport {
  objects: number;
  bytes: number;
  /** Why it stopped before it had asked for all of them. */
  error?: string;
  /** The objects that it did not get; `first` has ten at most. */
  missing: {
    count: number;
    bytes: number;
    first: { oid: string; size: number; reason?: string }[];
  };
}

/** The warnings of fsck about the objects of an import; while it runs, so far. */
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

/** The result of a purge, and the repositories that may still hold the objects. */
export interface ArtifactsPurgeResult {
  /** Objects that no ref reached. */
  objects: number;
  /** Bytes by which the packs shrank. */
  bytes: number;
  packsRewritten: number;
  /** Objects of Git LFS that went, and their bytes. */
  lfsObjects: number;
  lfsBytes: number;
  /** Objects in R2 that this repository released. */
  r2Objects: number;
  /** Repositories of the fork network that name packs that this one does not. */
  holders: {
    id: string;
    namespace: string | null;
    name: string | null;
    /** The objects that were removed there, if it was purged too. */
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
      /** Where the platform is asked to keep it; not among the binding's options. */
      locationHint?: LocationHint;
      refRules?: RefRule[];
    } & Lifetime,
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

/** When a repository deletes itself; not among the binding's options. In `update`, null takes a bound away. */
export interface Lifetime {
  /** Seconds from now. */
  ttlSeconds?: number | null;
  /** A time as RFC 3339 writes it, in place of `ttlSeconds`. */
  expiresAt?: string | null;
  /** Seconds without a push or a fetch. */
  idleTtlSeconds?: number | null;
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
      /** Where the platform is asked to keep it; not among the binding's options. */
      locationHint?: LocationHint;
      refRules?: RefRule[];
    } & Lifetime,
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
   * @param params.source.refs Which refs it takes, in place of `branch`: branches and tags unless given;
   * patterns as of rules about refs. Not among the binding's options.
   * @param params.target.opts.fsck How it checks objects; not among the binding's options.
   * @param params.target.opts.lfs Whether objects of Git LFS are taken along: true unless given.
   * @throws {ArtifactsError} `INVALID_REPO_NAME`, `INVALID_URL`, `REMOTE_AUTH_REQUIRED`,
   * `NOT_FOUND`, `UPSTREAM_UNAVAILABLE`, `ALREADY_EXISTS`.
   */
  import(params: {
    source: {
      url: string;
      branch?: string;
      depth?: number;
      refs?: "branches-tags" | "all" | string[];
    };
    target: {
      name: string;
      opts?: {
        description?: string;
        readOnly?: boolean;
        fsck?: FsckChange;
        /** Where the platform is asked to keep it; not among the binding's options. */
        locationHint?: LocationHint;
        lfs?: boolean;
        refRules?: RefRule[];
      } & Lifetime;
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
   * The same as `get` gives, without a request: for who has a token of the repository alone, with which `get` is
   * forbidden. Whether it exists, the first method says.
   */
  repository(name: string): CairnRepo;

  /**
   * Makes the namespace before its first repository does: for the operator alone.
   * @param opts.fsck The checks of its repositories, unless they set others.
   * @param opts.jurisdiction Where its data is kept, for good: wherever the platform wants unless given.
   * @throws {ArtifactsError} `ALREADY_EXISTS`, `FORBIDDEN`, `INVALID_INPUT`, `CONFLICT`.
   */
  createNamespace(opts?: {
    fsck?: FsckChange;
    jurisdiction?: Jurisdiction;
  }): Promise<CairnNamespaceInfo>;

  /**
   * The namespace as it is now. @throws {ArtifactsError} `NOT_FOUND` before its first repository.
   */
  namespaceInfo(): Promise<CairnNamespaceInfo>;

  /**
   * Changes the namespace's settings; an absent field stays as it is. @param change.fsck The checks of later
   * repositories, unless they set others. @param change.suspended Whether nobody but the
   * operator gets anything; for the operator alone. @param change.readOnly Whether its repositories take no
   * pushes. @param change.bytesMax Bytes that packs and large files may have together; for the operator
   * alone. @param change.reposMax Repositories that it may have; for the operator alone.
   * @param change.issuers All issuers of signed tokens that are trusted, 16 at most.
   * @throws {ArtifactsError} `NOT_FOUND` before its first repository, `FORBIDDEN`, `INVALID_INPUT`.
   */
  updateNamespace(change: {
    fsck?: FsckChange;
    suspended?: boolean;
    readOnly?: boolean;
    bytesMax?: number | null;
    reposMax?: number | null;
    issuers?: Issuer[];
  }): Promise<CairnNamespaceInfo>;

  /** Administrative acts in the namespace, newest first. A page without a cursor is the last. */
  audit(asked?: AuditQuery): Promise<AuditPage>;

  /**
   * How much the namespace uses.
   * @param opts.days Days to show, today included: 30 unless given, 1 to 396.
   */
  usage(opts?: { days?: number }): Promise<CairnUsage>;

  /**
   * One page of repositories with their sizes, which may lag behind.
   * @param opts.sort `created_at` unless given; `size` is that of packs and large files together.
   * @param opts.lastPushBefore Only those whose last push is older; one without a push counts by when it
   * was made.
   * @param opts.sizeMin Only those with at least so many bytes.
   * @param opts.public Only those that everybody may read, or only the others.
   * @param opts.readOnly Only those that take no pushes, or only the others.
   * @param opts.expires Only those that delete themselves at a time that is set, or only the others.
   */
  listSized(opts?: {
    limit?: number;
    cursor?: string;
    search?: string;
    sort?: "created_at" | "updated_at" | "last_push_at" | "size" | "name";
    direction?: "asc" | "desc";
    lastPushBefore?: string;
    lastPushAfter?: string;
    sizeMin?: number;
    sizeMax?: number;
    public?: boolean;
    readOnly?: boolean;
    expires?: boolean;
  }): Promise<{ repos: SizedRepo[]; cursor?: string }>;

  /**
   * Deletes a repository. It can be restored for a while, unless it is purged.
   * @param opts.purge Whether it goes for good at once. @returns Whether it existed.
   */
  delete(name: string, opts?: { purge?: boolean }): Promise<boolean>;

  /** Deleted repositories that can be restored, last deleted first. */
  listDeleted(opts?: { limit?: number; cursor?: string }): Promise<{
    repos: DeletedRepo[];
    /** Absent on the last page. */
    cursor?: string;
  }>;

  /**
   * Restores a deleted repository.
   * @param name The name that it had.
   * @param opts.id Which of those with that name; the one that was deleted last unless given.
   * @param opts.as The name that it gets; the same unless given.
   * @throws {ArtifactsError} `NOT_FOUND`; `ALREADY_EXISTS` if another repository has the name.
   */
  restoreDeleted(name: string, opts?: { id?: string; as?: string }): Promise<CairnRepo>;

  /**
   * Removes a deleted repository for good.
   * @returns Whether there was one.
   */
  purgeDeleted(id: string): Promise<boolean>;

  /** The events of the namespace, in the order of `metadata.namespaceSequence`. */
  events(opts?: FollowOptions): EventFeed;

  /** Webhooks for the events of all its repositories and for its own. */
  readonly webhooks: Webhooks;
}

/** A deleted repository that can be restored. */
export interface DeletedRepo {
  id: string;
  /** The name that it had. */
  name: string;
  deletedAt: string;
  /** When it goes for good. */
  restorableUntil: string;
}

/** Where the data of a namespace is kept, by Cloudflare's names. */
export type Jurisdiction = "unrestricted" | "eu" | "us" | "fedramp";

/** A region of Cloudflare's. */
export type LocationHint = "wnam" | "enam" | "sam" | "weur" | "eeur" | "apac" | "oc" | "afr" | "me";

/** A namespace. */
export interface CairnNamespaceInfo {
  name: string;
  repoCount: number;
  createdAt: string;
  /** When something last happened in it. */
  updatedAt: string;
  /** Where its data is kept. */
  jurisdiction: Jurisdiction;
  /** The checks of its repositories, unless they set others. */
  fsck: { strict: boolean };
  /** Whether nobody but the operator gets anything. */
  suspended: boolean;
  /** Whether its repositories take no pushes. */
  readOnly: boolean;
  /** Tokens that were made before it are revoked. */
  tokensRevokedBefore: string | null;
  standing: ToldStanding;
  /** Bytes of the packs of its repositories. */
  sizeBytes: number;
  objectCount: number;
  /** Bytes of their large files. */
  lfsBytes: number;
  /** Bytes that packs and large files may have together; null: no bound. */
  bytesMax: number | null;
  /** How many repositories it may have; null: no bound. */
  reposMax: number | null;
  /** The issuers of signed tokens that it trusts. */
  issuers: Issuer[];
}

/** An issuer of signed tokens (JWT) that a namespace trusts. It has either `jwks_url` or `keys`. */
export interface Issuer {
  /** The claim `iss`. */
  issuer: string;
  /** A token's `aud` names one of these. */
  audience: string | string[];
  /** Where its keys are. */
  jwks_url?: string;
  /** Its public keys, as JWK. */
  keys?: Record<string, unknown>[];
  /** The rights of its tokens; the first rule that matches holds. Without rules a token says that itself. */
  rules?: IssuerRule[];
}

/** The rights of tokens with such claims. */
export interface IssuerRule {
  /** Each claim has one of these values; `*` at the end of a value stands for anything. */
  claims: Record<string, string | string[]>;
  /** `admin` is the operator's to set. */
  scope: "read" | "write" | "admin";
  /** Names of repositories, 100 at most; all unless given. */
  repos?: string[];
  /** Rules about refs: patterns, and the operations that each forbids. */
  refs?: [string, string[]][];
}

/** The number of repositories that know the namespace's newest policies; the others are being told. */
export interface ToldStanding {
  version: number;
  told: number;
  left: number;
}

/** An administrative act. */
export interface AuditEntry {
  id: string;
  at: string;
  action: string;
  actor: {
    kind: "operator" | "namespace" | "token" | "system";
    tokenId: string | null;
    label: string | null;
  };
  requestId: string | null;
  /** Where the request came from, if the deployment knows. */
  address: string | null;
  repoId: string | null;
  /** The repository's name at the time. */
  repo: string | null;
  details: Record<string, unknown>;
}

/** Which administrative acts are asked for. */
export interface AuditQuery {
  limit?: number;
  cursor?: string;
  /** An action, or the beginning of one and `*`. */
  action?: string;
  actor?: "operator" | "namespace" | "token" | "system";
  tokenId?: string;
  /** Acts not before this time, in ISO 8601. */
  since?: string;
  /** Acts before this time. */
  until?: string;
}

/** Administrative acts, newest first. A page without a cursor is the last. */
export interface AuditPage {
  entries: AuditEntry[];
  cursor?: string;
}

/** How much a namespace uses. */
export interface CairnUsage {
  repoCount: number;
  sizeBytes: number;
  objectCount: number;
  lfsBytes: number;
  /** Bytes in SQLite. */
  sqliteBytes: number;
  /** Bytes in R2. Bytes that forks share count once for each. */
  r2Bytes: number;
  bytesMax: number | null;
  reposMax: number | null;
  /** Days in UTC on which something was done, newest first. */
  days: { date: string; pushes: number; fetches: number; bytesIn: number; bytesOut: number }[];
}

/** A repository in a list, with its sizes. */
export interface SizedRepo extends ArtifactsRepoInfo {
  /** Whether anybody may fetch. */
  public: boolean;
  sizeBytes: number;
  objectCount: number;
  lfsBytes: number;
  /** When it deletes itself, or null. */
  expiresAt: string | null;
  /** Its status while it is busy; null if it could not be asked. */
  status: "ready" | "importing" | "forking" | "recovering" | null;
}

/** The hook that is asked before a push is published. */
export interface PreReceive {
  url: string;
  /** How long it may take to answer. */
  timeoutMs: number;
  /** The fate of a push that it did not judge. */
  onFailure: "refuse" | "accept";
  /** Ref names, or beginnings and `*`, that it judges; null for every ref. */
  refs: string[] | null;
  /** The key that signs: only in the answer to the change that set it. */
  secret?: string;
}

/** The hook as it is set: only its URL is needed. */
export type PreReceiveChange = Pick<PreReceive, "url"> & Partial<PreReceive>;

/** A repository, with the fields that the binding lacks. */
export interface CairnRepoInfo extends ArtifactsRepoInfo {
  /** Whether anybody may fetch. */
  public: boolean;
  /** Whether branches may only move forward. */
  denyNonFastForwards: boolean;
  /** Whether branches may not be deleted. */
  denyDeletes: boolean;
  /** How it checks objects that are pushed. */
  fsck: { strict: boolean };
  /** Whether clones and fetches are events. */
  fetchEvents: boolean;
  /** Whether pushed blobs are searched for secrets. */
  pushProtection: boolean;
  /** Rules about refs, which hold for every caller. */
  refRules: RefRule[];
  /** The hook that is asked before a push is published. */
  preReceive: PreReceive | null;
  /** Repositories elsewhere that follow it. */
  downstreams: {
    id: string;
    url: string;
    active: boolean;
    /** When the last push there ended. */
    lastPush: string | null;
    /** Why it failed. */
    lastError: string | null;
  }[];
  /** When it deletes itself; null: never. */
  expiresAt: string | null;
  /** Seconds without a push or a fetch after which it deletes itself; null: never. */
  idleTtlSeconds: number | null;
  /** The large files of Git LFS that it has, and their bytes together. */
  lfsObjects: number;
  lfsBytes: number;
  /** Bytes that its packs and large files may have together; null: no bound of its own. */
  bytesMax: number | null;
  /** For an import: the warnings of fsck. */
  fsckWarnings?: FsckWarnings;
  /** For an import or a fork: refs of its source that it left out. */
  skippedRefs?: SkippedRefs;
  /** For an import: objects of Git LFS that it took, and those that it did not get. */
  lfsImport?: LfsImport;
}

/** An operation that a rule about refs forbids. */
export type ForbiddenOp = "no-push" | "no-create" | "no-delete" | "no-force-push";

/**
 * A rule about refs: a full refname, the beginning of one and `*`, or `*`; and the operations that it
 * forbids. The first rule whose pattern matches a ref decides about it.
 */
export type RefRule = [pattern: string, forbidden: ForbiddenOp[]];

/** The judgement of the rules about a change. */
export interface RulesJudgement {
  allowed: boolean;
  /** The owner of the rule that forbids it. */
  by?: "repository" | "token";
  /** The operation of a rule about refs, or the name of a setting. */
  rule?: string;
  /** The pattern of the rule about refs. */
  pattern?: string;
  /** As Git's report would say it. */
  message?: string;
}

/** An entry of a directory, and the commit that changed it last. */
export interface DatedTreeEntry extends ArtifactsTreeEntry {
  lastCommit: ArtifactsCommitMetadata;
}

/** Where the lines of a file come from. */
export interface Blame {
  /** The commit that the ref leads to. */
  commit: string;
  path: string;
  /** The blob. */
  hash: string;
  /** Lines of the file. */
  lines: number;
  /** In the order of the lines. */
  ranges: BlameRange[];
  /** The commits of the ranges, each once. */
  commits: ArtifactsCommitMetadata[];
  /** Whether some of them had no room in an answer. */
  commitsTruncated: boolean;
}

/** Lines that come from one commit. */
export interface BlameRange {
  /** The first line in the file, from 1. */
  line: number;
  lines: number;
  /** The first line in the commit. */
  originalLine: number;
  /** The commit. */
  hash: string;
  /** The path of the file there. */
  path: string;
  /** The version before, in the first parent that has one. */
  previous?: { hash: string; path: string };
}

/** A file that was found by its path. */
export interface FoundFile extends Omit<ArtifactsTreeEntry, "name"> {
  path: string;
  /** How well the path answers. */
  score: number;
}

/** A page of lines that match. */
export interface GrepPage {
  files: {
    path: string;
    /** The blob. */
    hash: string;
    /** Whether it is binary; then it matches somewhere, and no line is shown. */
    binary: boolean;
    lines: { line: number; text: string; match: boolean; truncated: boolean }[];
  }[];
  /** Files that were not searched because of their size. */
  tooLarge: { path: string; hash: string; size: number }[];
  /** Matches on the page. */
  count: number;
  /** Where the next page begins, if there may be one. */
  cursor?: string;
}

/** A repository, with methods that the binding lacks. */
export interface CairnRepo extends ArtifactsRepo {
  info(): Promise<CairnRepoInfo>;

  /**
   * Changes settings; absent ones stay as they are. @param change.description Free text; null takes it away.
   * @param change.fsck How objects are checked that are pushed from now on.
   * @param change.preReceive The hook that is asked before a push is published; null takes it away.
   * @returns The repository as it is now. @throws {ArtifactsError} `INVALID_INPUT`.
   */
  update(change: {
    description?: string | null;
    defaultBranch?: string;
    readOnly?: boolean;
    public?: boolean;
    denyNonFastForwards?: boolean;
    denyDeletes?: boolean;
    fsck?: FsckChange;
    fetchEvents?: boolean;
    pushProtection?: boolean;
    /** Rules about refs, in the place of those before; 100 at most. */
    refRules?: RefRule[];
    /** Bytes that its packs and large files may have together; null takes the bound away. */
    bytesMax?: number | null;
    preReceive?: PreReceiveChange | null;
  } & Lifetime): Promise<CairnRepoInfo>;

  /**
   * Makes a token for this repository.
   * @param opts.refs Rules about refs for its pushes. @throws {ArtifactsError} `INVALID_TTL`,
   * `INVALID_INPUT`.
   */
  createToken(
    scope?: "write" | "read",
    ttl?: number,
    opts?: { refs?: RefRule[] },
  ): Promise<ArtifactsCreateTokenResult>;

  /**
   * Whether the rules let a ref change; changes nothing.
   * @param change.ref A full refname.
   * @param change.tokenId The token that is asked about, for administrators; the caller unless given.
   * @throws {ArtifactsError} `FORBIDDEN`, `NOT_FOUND`, `INVALID_INPUT`.
   */
  testRules(change: {
    ref: string;
    op: "create" | "update" | "delete" | "force";
    tokenId?: string;
  }): Promise<RulesJudgement>;

  /** The events of the repository, in the order of `metadata.sequence`. */
  events(opts?: FollowOptions): EventFeed;

  /** Webhooks for the events of this repository. */
  readonly webhooks: Webhooks;

  /** Repositories elsewhere that get what changes here. */
  readonly downstreams: Downstreams;

  /** The repository on another host that this one follows. */
  readonly upstream: UpstreamOfRepo;

  /**
   * Gives the repository another name, and perhaps another namespace (for the operator only). Tokens,
   * settings, forks and events stay; the former name leads to the new one until it is taken. `get` another
   * handle by the new name.
   * @throws {ArtifactsError} `ALREADY_EXISTS` if the name is taken; `FORBIDDEN`.
   */
  rename(name: string, opts?: { namespace?: string }): Promise<CairnRepoInfo>;

  /**
   * Removes objects that no ref reaches for good: those that a force push or a deletion left behind.
   * @param opts.network Whether to purge the other repositories of the fork network too; for the
   * operator only.
   * @throws {ArtifactsError} `FORBIDDEN`; `UNAVAILABLE` while pushes run.
   */
  purgeUnreachable(opts?: { network?: boolean }): Promise<ArtifactsPurgeResult>;

  /**
   * The bytes of a blob, or null if none has this id.
   * @param opts.lfs Whether a pointer of Git LFS is answered with the bytes of its object.
   * @throws {ArtifactsError} `NOT_FOUND` if the repository does not have that object.
   */
  readBlob(hash: string, opts?: { lfs?: boolean }): Promise<Blob | null>;

  /**
   * The bytes of a file, or null if the ref or the path leads to no file.
   * @param args.lfs As of `readBlob`.
   * @throws {ArtifactsError} as `readBlob`.
   */
  readFile(args: { ref: string; path: string; lfs?: boolean }): Promise<Blob | null>;

  /**
   * The tree of a ref as one file, or null if the ref, or one of the paths, leads to nothing.
   * @param args.format `tar.gz` unless given.
   * @param args.prefix Stands before every path; with a slash at its end, a folder.
   * @param args.paths Only these files and directories.
   * @param args.lfs Large files in place of their pointers.
   */
  archive(args: {
    ref: string;
    format?: "tar.gz" | "tar" | "zip";
    prefix?: string;
    paths?: string[];
    lfs?: boolean;
  }): Promise<Blob | null>;

  /**
   * The entries of a directory, each with the commit that changed it last, or null if there is no such
   * directory.
   * @param hash Of a commit, or of a tag that leads to one.
   * @param opts.path The directory; the root unless given.
   */
  lastCommits(hash: string, opts?: { path?: string }): Promise<DatedTreeEntry[] | null>;

  /**
   * The commit that each line of a file comes from, as `git blame` finds it, or null if the ref or the
   * path leads to no file.
   * @param args.range The first and the last line, from 1; without a last line, to the end.
   */
  blame(args: {
    ref: string;
    path: string;
    range?: [first: number, last?: number];
  }): Promise<Blame | null>;

  /**
   * Lines that match a pattern, as `git grep -E` finds them: one page.
   * @param args.pattern A POSIX extended regular expression; with `fixed` a text.
   * @param args.context Lines around a match, 20 at most.
   * @param args.limit Matches of a page, at most 1,000, 100 unless given.
   */
  grep(args: {
    pattern: string;
    ref?: string;
    fixed?: boolean;
    ignoreCase?: boolean;
    paths?: string[];
    context?: number;
    limit?: number;
    cursor?: string;
  }): Promise<GrepPage>;

  /**
   * The files of a ref whose paths answer best to the typed text, the best first.
   * @param query Characters that stand in the path in this order; empty for the first files.
   * @param opts.prefix How the paths begin.
   * @param opts.limit At most 200, 50 unless given.
   */
  searchFiles(
    query: string,
    opts?: { ref?: string; prefix?: string; limit?: number; cursor?: string },
  ): Promise<{ files: FoundFile[]; cursor?: string }>;

  /**
   * The large files that the repository has, by their ids.
   * @param opts.limit At most 1,000, 100 unless given.
   * @returns A page, the cursor of the next one if there is one, and the totals of all.
   */
  listLfsObjects(opts?: { limit?: number; cursor?: string }): Promise<{
    objects: ListedLfsObject[];
    cursor?: string;
    total: { objects: number; bytes: number };
  }>;

  /**
   * Makes one commit on one branch.
   * @returns The commit; `oldHead` is null if the commit made the branch. @throws {ArtifactsError} `CONFLICT`
   * if the branch is not at `expectedHead`, `NO_CHANGE`, `PATCH_FAILED`, `REF_REFUSED`, `INVALID_INPUT`,
   * `NOT_FOUND`, `MEMORY_LIMIT`.
   */
  commit(commit: NewCommit, once?: Once): Promise<Committed>;

  /**
   * The same, with contents that are streamed: none is held whole. All files are read from the
   * iterable first, then their contents one after the other.
   */
  commitStream(commit: NewStreamedCommit, once?: Once): Promise<Committed>;

  /**
   * Stores a blob, for a commit that names it.
   * @throws {ArtifactsError} `MEMORY_LIMIT`, `REF_REFUSED`.
   */
  putBlob(content: FetchBody): Promise<{ blob: string; size: number }>;

  /**
   * Makes, moves and deletes refs.
   * @param opts.atomic Whether all change, or none: false unless given.
   * @returns The result of each. At least one is as it was wanted. @throws {ArtifactsError} the first
   * refusal, if no ref changed; `details.updates` has all.
   */
  updateRefs(
    updates: RefUpdate[],
    opts?: { atomic?: boolean; pushOptions?: string[] } & Once,
  ): Promise<UpdatedRef[]>;

  /**
   * One page of the changes of refs, newest first. @param opts.ref A branch or a full refname; all unless
   * given. @param opts.limit 100 unless given, 1000 at most.
   */
  reflog(opts?: {
    ref?: string;
    limit?: number;
    cursor?: string;
  }): Promise<{ entries: ReflogEntry[]; cursor?: string }>;

  /**
   * Merges into a branch.
   * @throws {ArtifactsError} `MERGE_CONFLICT` with `details` of type `MergeConflicts`, `CONFLICT`,
   * `REF_REFUSED`, `NOT_FOUND`.
   */
  merge(merge: NewMerge, once?: Once): Promise<Merged>;

  /**
   * Takes over the present commits of the repository that this one was forked from.
   * @throws {ArtifactsError} as `merge`, and `INVALID_INPUT` if this is not a fork.
   */
  syncFork(sync?: ForkSync, once?: Once): Promise<Merged>;

  /** Repeats commits on a branch. @throws {ArtifactsError} as `merge`, and `NO_CHANGE`. */
  cherryPick(pick: NewCherryPick, once?: Once): Promise<Merged>;

  /** Takes commits back. @throws {ArtifactsError} as `cherryPick`. */
  revert(revert: NewRevert, once?: Once): Promise<Merged>;

  /**
   * Brings a branch back to an earlier state. @throws {ArtifactsError} `NO_CHANGE`, `CONFLICT`,
   * `REF_REFUSED`, `NOT_FOUND`.
   */
  restore(restore: NewRestore, once?: Once): Promise<Merged>;

  /**
   * The changes that `head` has and `base` has not: files are compared from the merge base.
   * @param opts.trees Whether the two trees themselves are compared.
   * @param opts.limit Of commits: 100 unless given, 1000 at most.
   * @param opts.head_repository `namespace/name` of the repository that `head` is in: a fork, say.
   * @throws {ArtifactsError} `NOT_FOUND`.
   */
  compare(
    base: string,
    head: string,
    opts?: { trees?: boolean; limit?: number; head_repository?: string } & DiffOptions,
  ): Promise<Comparison>;

  /** What differs between two revisions, with hunks. */
  diff(opts: HeadAndBase & WordDiffOptions): Promise<Diff>;

  /** The same as the bytes that `git diff` prints. */
  diffBytes(opts: HeadAndBase & WordDiffOptions): Promise<Blob>;

  /** A commit as `git format-patch --stdout -1` prints it, or null if it does not exist. */
  patch(hash: string): Promise<Blob | null>;

  /**
   * The changes of a commit against its first parent, as `git diff` prints them, or null if there is no such
   * commit.
   */
  commitDiff(hash: string): Promise<Blob | null>;

  /** All best common ancestors of the first revision and a merge of the others. */
  mergeBases(...revisions: string[]): Promise<string[]>;

  /** The note on an object, or null if there is none. */
  readNote(object: string, opts?: { ref?: string }): Promise<Note | null>;

  /** One page of the notes below a ref. */
  listNotes(opts?: {
    ref?: string;
    limit?: number;
    cursor?: string;
  }): Promise<{ notes: { object: string; blob: string }[]; cursor?: string }>;

  /** @throws {ArtifactsError} `ALREADY_EXISTS` if there is a note and `action` is `add`. */
  writeNote(note: NewNote, once?: Once): Promise<NoteChange>;

  /** @throws {ArtifactsError} `NOT_FOUND` if there is no note. */
  removeNote(note: Omit<NewNote, "note" | "action">): Promise<NoteChange>;
}

/** How a feed is followed. */
export interface FollowOptions {
  /**
   * The last sequence that you have: 0 unless given. `oldest` begins with the events that the feed still
   * keeps, `newest` with those from now on.
   */
  after?: number | "oldest" | "newest";
  /** Types, or beginnings and `*`; the prefix may be left out, as in `repo.pushed`. All unless given. */
  types?: string[];
  /** When it is aborted, the iteration ends. */
  signal?: AbortSignal;
}

/**
 * Events as they happen, by `for await`. It goes on after faults of the network and of the server, and
 * neither skips nor repeats an event.
 *
 * The iteration throws an {@link ArtifactsError}: `EVENTS_GONE` if the next event was removed because
 * of its age (`details` is `{ oldest, newest }`), `NOT_FOUND` if the repository was deleted,
 * `UNAUTHORIZED`, `FORBIDDEN`, `INVALID_INPUT`.
 */
export interface EventFeed extends AsyncIterable<CairnEvent> {
  /**
   * The last sequence that the caller is done with, to be saved and given as `after` another time.
   * Undefined until `oldest` or `newest` is known.
   */
  readonly after: number | undefined;
}

/** Something that happened. docs/events.md lists the types and their payloads. */
export interface CairnEvent {
  /** Such as `cairn.repo.pushed`. */
  type: string;
  /** `repoName` is missing of an event of the namespace itself. */
  source: { type: string; namespace: string; repoName?: string };
  /** By the type: a {@link Pushed} for `repo.pushed`. */
  payload: any;
  actor: {
    kind: "operator" | "namespace" | "token" | "system";
    token_id?: string;
    label?: string;
  };
  metadata: {
    /** The same wherever this event is seen. */
    eventId: string;
    sequence: number;
    /** Missing in a repository's feed. */
    namespaceSequence?: number;
    eventSchemaVersion: number;
    eventTimestamp: string;
    requestId?: string;
  };
}

/** The payload of `repo.pushed`: one ref that was made, moved or deleted. */
export interface Pushed {
  repoId: string;
  ref: string;
  /** 40 zeros: the ref is new. */
  before: string;
  /** 40 zeros: the ref was deleted. */
  after: string;
  forced: boolean;
  /** At most the newest 20, oldest first. */
  commits: {
    id: string;
    message: string;
    messageTruncated: boolean;
    timestamp: string;
    author: { name: string; email: string };
    committer: { name: string; email: string };
    parents: string[];
  }[];
  totalCommitsCount: number;
  commitsTruncated: boolean;
  pushOptions: string[];
}

/** Events sent to a URL. */
export interface Webhook {
  id: string;
  /** Null of a webhook of the namespace. */
  repositoryId: string | null;
  url: string;
  events: string[];
  /** Null: every ref. */
  refs: string[] | null;
  active: boolean;
  /** Why Cairn switched it off: `failing` or `gone`. */
  disabledReason: string | null;
  /** Until when the secret before this one signs as well. */
  formerSecretUntil: string | null;
  createdAt: string;
  updatedAt: string;
}

/** One event on its way to a webhook, and its result. */
export interface Delivery {
  id: number;
  eventId: string;
  type: string;
  state: "pending" | "delivered" | "given_up" | "dropped";
  createdAt: string;
  attempts: number;
  /** When it is tried next. */
  dueAt: string | null;
  /** The time of the last attempt; the fields below are about the same one. */
  attemptedAt: string | null;
  durationMs: number | null;
  /** Null: there was no answer. */
  status: number | null;
  /** The first KiB of the answer, or the fault. */
  answer: string | null;
}

/** What becomes of a ref that changes both here and in the upstream. */
export type UpstreamPolicy = "read_only" | "fast_forward" | "force";

/** A sync with the upstream of a repository. */
export interface UpstreamSync {
  id: number;
  state: "waiting" | "running" | "unchanged" | "updated" | "failed";
  askedBy: "settings" | "request" | "interval" | "webhook";
  askedAt: string;
  attempts: number;
  finishedAt: string | null;
  created: number;
  updated: number;
  forced: number;
  deleted: number;
  /** Refs that went different ways, and were left. */
  diverged: number;
  rejected: number;
  /** Refs that cannot be here because of their names. */
  skipped: number;
  packBytes: number;
  /** The first hundred refs of which there is something to say. */
  refs: {
    ref: string;
    old: string | null;
    new: string | null;
    result: "created" | "updated" | "forced" | "deleted" | "diverged" | "rejected";
    reason?: string;
  }[];
  error: string | null;
}

/** The repository on another host that one follows. */
export interface Upstream {
  url: string;
  refs: string[];
  policy: UpstreamPolicy;
  intervalSeconds: number | null;
  prune: boolean;
  /** Their kind. */
  credentials: "basic" | "token" | "github_app" | null;
  hasWebhookSecret: boolean;
  createdAt: string;
  updatedAt: string;
  /** When a sync begins by itself. */
  nextSyncAt: string | null;
  /** The sync that is not over. */
  sync: UpstreamSync | null;
  lastSync: UpstreamSync | null;
  lastError: string | null;
  diverged: { ref: string; here: string; there: string; since: string }[];
}

/** The upstream of a repository, for whoever administers it (docs/mirrors.md). */
export interface UpstreamOfRepo {
  /** It, or null if the repository follows nobody. */
  get(): Promise<Upstream | null>;

  /**
   * Follows a repository, in the place of one before. A sync begins at once.
   * @param upstream.credentials Absent: those of before, if the URL is the same. Never shown again.
   * @param upstream.webhookSecret Absent: that of before.
   * @throws {ArtifactsError} `INVALID_URL`, `INVALID_INPUT`, `FORBIDDEN`.
   */
  set(upstream: {
    url: string;
    refs?: string[];
    policy?: UpstreamPolicy;
    intervalSeconds?: number | null;
    prune?: boolean;
    credentials?: MirrorCredentials | null;
    webhookSecret?: string | null;
  }): Promise<Upstream>;

  /** @returns Whether there was one. */
  remove(): Promise<boolean>;

  /** Asks for a sync. @throws {ArtifactsError} `NOT_FOUND` without an upstream. */
  sync(once?: Once): Promise<UpstreamSync>;

  /** Syncs, the newest first. */
  syncs(opts?: { limit?: number; cursor?: string }): Promise<{ syncs: UpstreamSync[]; cursor?: string }>;
}

/** The webhooks of a namespace or of a repository. */
export interface Webhooks {
  /**
   * @param webhook.secret `whsec_` and the base64 of 24 to 64 bytes; made unless given.
   * @returns The webhook with its secret, which is never shown again.
   * @throws {ArtifactsError} `INVALID_URL`, `INVALID_INPUT`, `CONFLICT` if there are 20 already.
   */
  create(
    webhook: {
      url: string;
      events: string[];
      refs?: string[] | null;
      secret?: string;
      active?: boolean;
    },
    once?: Once,
  ): Promise<Webhook & { secret: string }>;

  list(): Promise<Webhook[]>;

  /** One, or null if there is none. */
  get(id: string): Promise<Webhook | null>;

  /** An absent field stays as it is. @throws {ArtifactsError} `NOT_FOUND`, and as `create`. */
  update(
    id: string,
    change: { url?: string; events?: string[]; refs?: string[] | null; active?: boolean },
  ): Promise<Webhook>;

  /** @returns Whether there was one. */
  remove(id: string): Promise<boolean>;

  /** Sends an event that says nothing. @throws {ArtifactsError} `NOT_FOUND`. */
  ping(id: string): Promise<Delivery>;

  /**
   * @param opts.keepSeconds How long the secret before it signs as well: 86400 unless given.
   * @throws {ArtifactsError} `NOT_FOUND`, `INVALID_INPUT`.
   */
  rotateSecret(
    id: string,
    opts?: { secret?: string; keepSeconds?: number },
  ): Promise<Webhook & { secret: string }>;

  /** One page, newest first. */
  deliveries(
    id: string,
    opts?: { limit?: number; cursor?: string; state?: Delivery["state"] },
  ): Promise<{ deliveries: Delivery[]; cursor?: string }>;

  /** One with the body that is sent, or null if there is none. */
  delivery(id: string, delivery: number): Promise<(Delivery & { requestBody: string }) | null>;

  /** Sends that event again, outside the order. @throws {ArtifactsError} `NOT_FOUND`. */
  redeliver(id: string, delivery: number): Promise<Delivery>;
}

/** Credentials for another host. The server keeps them sealed, and never shows them. */
export type MirrorCredentials =
  | { username: string; password: string }
  | { token: string }
  | { githubApp: { installationId: number } };

/** A downstream to add. */
export interface NewDownstream {
  /** `https`, without credentials. */
  url: string;
  /** Refspecs of full ref names; branches and tags unless given. */
  refs?: string[];
  /** Whether refs there may lose commits. */
  force?: boolean;
  /** Whether refs there go that no ref here goes to. */
  prune?: boolean;
  /** Whether all refs change there or none. */
  atomic?: boolean;
  /** Whether anything is pushed; true unless given. */
  active?: boolean;
  credentials?: MirrorCredentials | null;
}

/** A repository elsewhere that gets what changes here. */
export interface Downstream {
  id: string;
  url: string;
  refs: string[];
  force: boolean;
  prune: boolean;
  atomic: boolean;
  active: boolean;
  /** The kind of its credentials. */
  credentials: "basic" | "token" | "github_app" | null;
  createdAt: string;
  state: "idle" | "pushing" | "waiting" | "inactive";
  /** Attempts in a row that failed. */
  failures: number;
  nextAttemptAt: string | null;
  lastPush: DownstreamPush | null;
}

/** A push to a downstream that is over. */
export interface DownstreamPush {
  id: number;
  startedAt: string;
  endedAt: string;
  /** `refused`: some refs there are not as they are here. */
  outcome: "pushed" | "refused" | "failed";
  /** Why it failed. */
  error?: string;
  /** What the other server said to people. */
  messages?: string;
  /** The first hundred of the refs that differed, rejected ones before others. */
  refs: {
    name: string;
    source?: string;
    old: string | null;
    new: string | null;
    status: "created" | "updated" | "forced" | "deleted" | "rejected";
    reason?: string;
  }[];
  refCount: number;
  rejectedCount: number;
  sentBytes: number;
  /** Which attempt in a row it was. */
  attempt: number;
}

/** The downstreams of a repository. */
export interface Downstreams {
  /**
   * What is there already is pushed at once, then after each push. Nothing waits for it.
   * @throws {ArtifactsError} `INVALID_URL`, `INVALID_INPUT`, `CONFLICT` if there are 10 already.
   */
  create(downstream: NewDownstream, once?: Once): Promise<Downstream>;

  list(): Promise<Downstream[]>;

  /** One, or null if there is none. */
  get(id: string): Promise<Downstream | null>;

  /** What is absent stays. @throws {ArtifactsError} `NOT_FOUND`, and as `create`. */
  update(id: string, change: Partial<NewDownstream>): Promise<Downstream>;

  /** The repository there stays as it is. @returns Whether there was one. */
  remove(id: string): Promise<boolean>;

  /** Pushes now, whatever failed before. @throws {ArtifactsError} `NOT_FOUND`, `CONFLICT`. */
  push(id: string): Promise<Downstream>;

  /** One page of what became of pushes, newest first. */
  pushes(
    id: string,
    opts?: { limit?: number; cursor?: string },
  ): Promise<{ pushes: DownstreamPush[]; cursor?: string }>;
}

/** The headers of a request: the platform's, or those of Node with names in lower case. */
export type WebhookHeaders =
  | { get(name: string): string | null }
  | Record<string, string | string[] | undefined>;

/**
 * Verifies that a webhook came from the server, and gives its event.
 *
 * @param payload The body as it came, before parsing.
 * @param secret The webhook's secret; several while it is rotated.
 * @param opts.now Unix seconds, for tests.
 * @throws {WebhookVerificationError} if no signature fits, or the timestamp is more than five minutes
 * away.
 */
export function verifyWebhook(
  payload: string | ArrayBuffer | Uint8Array,
  headers: WebhookHeaders,
  secret: string | string[],
  opts?: { now?: number },
): Promise<CairnEvent>;

/** A request that does not come from a webhook of the server. */
export class WebhookVerificationError extends Error {
  readonly name: "WebhookVerificationError";
  constructor(message: string);
}

/** A request that is sent again with its key gets the first answer. */
export interface Once {
  idempotencyKey?: string;
}

/** A name, an address, and a date: RFC 3339 with a zone, or git's `@seconds zone`. */
export interface Person {
  name: string;
  email: string;
  date?: string;
}

/** The modes of git. */
export type FileMode = "100644" | "100755" | "120000" | "160000" | "040000";

/** An object of Git LFS: the SHA-256 of a large file, and its bytes. */
export interface LfsObject {
  oid: string;
  size: number;
}

/** An object of Git LFS that a repository has. */
export interface ListedLfsObject extends LfsObject {
  /** When the repository got it, in ISO 8601. */
  createdAt: string;
}

/** A change of one path. It has one of `content`, `blob`, `lfs`, `delete` and `moveFrom`. */
export interface FileChange {
  path?: string;
  /** In place of `path`, if it is not UTF-8. */
  pathBase64?: string;
  /** Kept unless given; `100644` for a new file. */
  mode?: FileMode;
  content?: string | Uint8Array;
  /** An object that is here. */
  blob?: string;
  /** An object of Git LFS that is here: the commit gets its pointer. */
  lfs?: LfsObject;
  delete?: true;
  /** The path that is moved here; a content may stand beside it. */
  moveFrom?: string;
  moveFromBase64?: string;
}

/** Bytes, at once or in pieces. */
export type FileContent =
  | string
  | Uint8Array
  | Blob
  | ReadableStream<Uint8Array>
  | AsyncIterable<Uint8Array | string>
  | Iterable<Uint8Array | string>;

/** A change whose content is streamed. A function opens it when its turn comes. */
export interface StreamedFile extends Omit<FileChange, "content"> {
  content?: FileContent | (() => FileContent | Promise<FileContent>);
  /** Bytes of the content, if they are known. */
  size?: number;
}

/** The options of all commits. */
export interface CommitOptions {
  /** A branch, by its short name. */
  branch: string;
  message: string;
  /** The token unless given. */
  author?: Person;
  committer?: Person;
  /** The id at which the branch must be; null: it must not exist. */
  expectedHead?: string | null;
  /** The revision from which a new branch starts. */
  base?: string;
  /** Whether `Signed-off-by` is appended. */
  signOff?: boolean;
  allowEmpty?: boolean;
  /** Whether contents go to Git LFS where `.gitattributes` says `filter=lfs`; not with a patch. */
  lfs?: boolean;
  pushOptions?: string[];
}

/** A commit of files, or of a patch. */
export interface NewCommit extends CommitOptions {
  files?: FileChange[];
  /** A unified diff, applied as by `git apply --index`. */
  patch?: string;
}

/** A commit of files whose contents are streamed. */
export interface NewStreamedCommit extends CommitOptions {
  files: AsyncIterable<StreamedFile> | Iterable<StreamedFile>;
}

/** A commit that was made. */
export interface Committed {
  commit: string;
  tree: string;
  branch: string;
  oldHead: string | null;
  newHead: string;
  filesChanged: number;
  /** With `lfs`: the files of which the commit has pointers. */
  lfs?: (LfsObject & { path: string; pathBase64?: string })[];
}

/** A change of a ref. */
export interface RefUpdate {
  /** A full refname. */
  name: string;
  /** A revision; null deletes the ref. */
  new: string | null;
  /** The id at which the ref must be; null: it must not exist. */
  old?: string | null;
  /** Makes an annotated tag of `new`. */
  tag?: { message: string; tagger?: Person };
}

/** Its result. */
export interface UpdatedRef {
  name: string;
  ok: boolean;
  old: string | null;
  new: string | null;
  error?: { code: number; message: string; pointer?: string; details?: any };
}

/** A change of a ref, as it was recorded. */
export interface ReflogEntry {
  id: number;
  /** The first entry of the same push or write. */
  push: number;
  ref: string;
  old: string | null;
  new: string | null;
  at: string;
  actor: { tokenId: string | null; label: string | null };
  pushOptions: string[];
}

/** The options of merges, picks and reverts. */
export interface MergeOptions {
  expectedHead?: string;
  committer?: Person;
  /** Which side conflicting hunks are taken from: `fail` unless given. */
  onConflict?: "fail" | "ours" | "theirs";
  /** Whether nothing is changed. */
  dryRun?: boolean;
  pushOptions?: string[];
}

/** A revision of another repository of the deployment. */
export interface OtherRevision {
  /** `namespace/name`. */
  repository: string;
  /** A revision there. */
  ref: string;
}

export interface NewMerge extends MergeOptions {
  /** The branch that moves. */
  into: string;
  /** A revision; or one of another repository, a fork, say, which the credential may read. */
  from: string | OtherRevision;
  strategy?: "merge" | "ff_only" | "ff_prefer" | "squash" | "rebase";
  message?: string;
  author?: Person;
}

export interface ForkSync extends MergeOptions {
  /** The branch, here and in the source: the default branch unless given. */
  branch?: string;
  /** `ff_prefer` unless given. */
  strategy?: "merge" | "ff_only" | "ff_prefer" | "squash" | "rebase";
  message?: string;
  author?: Person;
}

export interface NewCherryPick extends MergeOptions {
  commits: string[];
  onto: string;
  /** The parent of a merge commit that is its base, from 1. */
  mainline?: number;
  allowEmpty?: boolean;
}

export interface NewRevert extends NewCherryPick {
  author?: Person;
}

export interface NewRestore {
  branch: string;
  /** A commit, or the branch's commit after an entry of its reflog. */
  to: string | { reflog: number };
  how?: "commit" | "move";
  message?: string;
  author?: Person;
  committer?: Person;
  expectedHead?: string | null;
  pushOptions?: string[];
}

/** The result of a merge, a pick, a revert or a restore, or of its dry run. */
export interface Merged extends Partial<MergeConflicts> {
  status:
    | "merged"
    | "fast_forward"
    | "squashed"
    | "rebased"
    | "cherry_picked"
    | "reverted"
    | "restored"
    | "moved"
    | "up_to_date"
    | "conflicts";
  dryRun?: boolean;
  branch: string;
  commit?: string | null;
  tree?: string | null;
  oldHead?: string | null;
  newHead?: string | null;
  /** Ids that the request made, oldest first. */
  commits?: string[];
  filesChanged?: number;
}

/** Why a merge failed: `details` of `MERGE_CONFLICT`. */
export interface MergeConflicts {
  mergeBase: string | null;
  mergeBases: string[];
  /** The commit that could not be repeated or taken back. */
  commit?: string | null;
  /** 1000 at most. */
  conflicts: MergeConflict[];
  conflictsTotal: number;
}

export interface MergeConflict {
  path: string;
  pathBase64?: string;
  kind: string;
  paths?: string[];
  base?: { mode: string; hash: string } | null;
  ours?: { mode: string; hash: string } | null;
  theirs?: { mode: string; hash: string } | null;
  /** With markers in the style `diff3`. */
  content?: string | null;
  contentTruncated?: boolean;
}

export interface HeadAndBase {
  base: string;
  head: string;
  /** `namespace/name` of the repository that `head` is in: this one unless given. */
  head_repository?: string;
}

export interface DiffOptions {
  /** Only files there or below. */
  paths?: string[];
  /** Lines around a change: 3 unless given. */
  context?: number;
  /** Whether renames are looked for: true unless given. */
  renames?: boolean;
}

export interface WordDiffOptions extends DiffOptions {
  /** Whether lines that differ are shown by their words: false unless given. */
  word?: boolean;
  /** Whether lines are equal that differ by white space alone: false unless given. */
  ignore_whitespace?: boolean;
}

export interface Diff {
  base: string;
  head: string;
  files: DiffFile[];
  stats: { files: number; additions: number; deletions: number };
  /** Too many files were added and deleted to look for all renames. */
  renameLimitNeeded?: number;
}

export interface Comparison extends Diff {
  mergeBase: string | null;
  mergeBases: string[];
  aheadBy: number;
  behindBy: number;
  /** Those that `head` has alone, newest first. */
  commits: ArtifactsCommitMetadata[];
  commitsTruncated: boolean;
}

export interface DiffFile {
  path: string;
  pathBase64?: string;
  oldPath?: string;
  oldPathBase64?: string;
  status: "added" | "deleted" | "modified" | "renamed" | "type_changed";
  /** For a rename, in per cent. */
  similarity?: number;
  oldMode: string | null;
  newMode: string | null;
  oldHash: string | null;
  newHash: string | null;
  additions: number;
  deletions: number;
  binary: boolean;
  tooLarge: boolean;
  oldSize?: number;
  newSize?: number;
  /** Not in comparisons. */
  hunks?: DiffHunk[];
}

export interface DiffHunk {
  oldStart: number;
  oldLines: number;
  newStart: number;
  newLines: number;
  section: string;
  /** Missing if `word` was given. */
  lines?: {
    type: "context" | "deleted" | "added";
    text: string;
    base64?: string;
    /** The file ends here, without a newline. */
    noNewline?: boolean;
  }[];
  /** If `word` was given. Newlines are part of the texts. */
  words?: { type: "context" | "deleted" | "added"; text: string; base64?: string }[];
}

export interface NewNote {
  /** A revision of the object that has the note. */
  object: string;
  note: string;
  /** `add` unless given. */
  action?: "add" | "replace" | "append";
  /** `refs/notes/commits` unless given. */
  ref?: string;
  /** The id at which the notes ref must be; null: it must not exist. */
  expectedRef?: string | null;
  author?: Person;
  committer?: Person;
  pushOptions?: string[];
}

export interface NoteChange {
  ref: string;
  object: string;
  /** Null if the note is gone. */
  blob: string | null;
  commit: string;
  oldHead: string | null;
  newHead: string;
}

export interface Note {
  ref: string;
  head: string;
  object: string;
  blob: string;
  note: string;
  noteBase64?: string;
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
   * @param token.refs Rules about refs for its pushes, of a token with scope `write`.
   * @throws {ArtifactsError} `NOT_FOUND` if there is no such repository, `INVALID_TTL`.
   */
  create(token: {
    scope: "read" | "write" | "admin";
    repos?: string[];
    ttl?: number;
    label?: string;
    refs?: RefRule[];
  }): Promise<CreatedNamespaceToken>;

  /** All tokens in any state, newest first; those of scope `admin` only for the operator. */
  list(): Promise<{ tokens: NamespaceToken[]; total: number }>;

  /**
   * Revokes a token of the namespace or of one of its repositories.
   * @returns Whether there is such a token.
   * @throws {ArtifactsError} `INVALID_INPUT` if it is not an id.
   */
  revoke(id: string): Promise<boolean>;

  /** Revokes every token of the namespace and of its repositories, the caller's included. */
  revokeAll(): Promise<{ tokensRevokedBefore: string; standing: ToldStanding }>;

  /**
   * Revokes a signed token before its time, by its claims `iss` and `jti`.
   * @param token.expiresAt Its `exp`; unless given, as late as a token can end.
   * @returns The id by which events name the token, and until when the revocation is kept.
   * @throws {ArtifactsError} `NOT_FOUND` without the namespace, `INVALID_INPUT`.
   */
  revokeSigned(token: {
    issuer: string;
    jti: string;
    expiresAt?: string;
  }): Promise<{ id: string; expiresAt: string }>;
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
  /** Its rules about refs. */
  refs: RefRule[];
}

/** A token of a namespace, without its plaintext. */
export interface NamespaceToken {
  id: string;
  scope: "read" | "write" | "admin";
  state: "active" | "expired" | "revoked";
  label: string | null;
  /** Names of the existing repositories that it opens; null for all. */
  repos: string[] | null;
  /** Its rules about refs. */
  refs: RefRule[];
  createdAt: string;
  expiresAt: string;
}

/** Why a call failed. The binding lacks those of credentials and of writing. */
export type ArtifactsErrorCode =
  | "UNAUTHORIZED"
  | "FORBIDDEN"
  | "ALREADY_EXISTS"
  | "MOVED"
  | "EVENTS_GONE"
  | "NOT_FOUND"
  | "CREATE_IN_PROGRESS"
  | "IMPORT_IN_PROGRESS"
  | "FORK_IN_PROGRESS"
  | "INVALID_INPUT"
  | "INVALID_REPO_NAME"
  | "INVALID_TTL"
  | "INVALID_URL"
  | "REMOTE_AUTH_REQUIRED"
  | "PATCH_FAILED"
  | "CONFLICT"
  | "MERGE_CONFLICT"
  | "NO_CHANGE"
  | "REF_REFUSED"
  | "QUOTA_EXCEEDED"
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
  /**
   * More from the server: for `CONFLICT` `{actual}` or `{with}`, for `MERGE_CONFLICT` a `MergeConflicts`, for
   * `REF_REFUSED` `{rule}`, for `PATCH_FAILED` `{file, hunk, line}`.
   */
  readonly details?: any;
  /** Seconds after which to try again, where the server named them. */
  readonly retryAfter?: number;
}

/** The facts that an error may tell beyond its code. */
export interface ArtifactsErrorMore {
  status?: number;
  numericCode?: number;
  pointer?: string;
  details?: any;
  retryAfter?: number;
  cause?: unknown;
}

/**
 * Makes an object for calls that belong to no namespace.
 *
 * @example
 * const { entries } = await deployment({ url: env.CAIRN_URL, key: env.CAIRN_KEY }).audit();
 *
 * @throws {TypeError} if the URL is not one, or the key is missing.
 */
export function deployment(options: DeploymentOptions): Deployment;

/** The address of the server, and the operator's key. */
export type DeploymentOptions = Omit<ConnectOptions, "namespace">;

/** The deployment as a whole, for the operator alone. */
export interface Deployment {
  /**
   * Acts on namespaces as a whole: made, listed again, deleted. They stay when the namespace goes.
   * @throws {ArtifactsError} `FORBIDDEN` for everybody but the operator, `INVALID_INPUT`.
   */
  audit(asked?: AuditQuery): Promise<AuditPage>;
}

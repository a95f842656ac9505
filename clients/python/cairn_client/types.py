"""The types of the API. Made by make_types.py from the server's description: do not edit."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypeAlias, TypedDict


class Envelope(TypedDict):
    """The fields around each result; an operation adds its own result, and result_info where it has pages."""

    success: bool
    errors: list[Error]
    messages: list[Message]


class Error(TypedDict):
    code: int
    message: str
    documentation_url: NotRequired[str]
    source: NotRequired[ErrorSource]
    details: NotRequired[dict[str, Any]]
    """The present value, or the reason: docs/writing.md names the fields"""


class ErrorSource(TypedDict):
    pointer: str


class Message(TypedDict):
    """A remark beside a result."""

    code: int
    message: str


class CursorInfo(TypedDict):
    cursor: str
    """Where the next page starts; empty at the end"""
    per_page: int
    count: int
    truncated: NotRequired[bool]


class LfsInfo(TypedDict):
    cursor: str
    """Where the next page starts; empty at the end"""
    per_page: int
    count: int
    truncated: NotRequired[bool]
    total_count: int
    """Objects that the repository has"""
    total_bytes: int
    """Their bytes"""


class PageInfo(TypedDict):
    page: NotRequired[int]
    per_page: int
    total_pages: NotRequired[int]
    count: int
    total_count: int
    cursor: str
    """Leads to the next page; empty on the last one"""


class TreeInfo(TypedDict):
    count: int
    truncated: bool
    cursor: str
    """Where the next page starts"""


class FrontPage(TypedDict):
    name: str
    version: str
    api: str
    """The beginning of the paths of the REST API"""
    openapi: str
    """Where this description is"""
    remote: str
    """Where Git finds a repository, once {namespace} and {repo} are put in"""


class Health(TypedDict):
    ok: bool
    version: str


class Id(TypedDict):
    id: str


class Namespace(TypedDict):
    namespace: str
    jurisdiction: Literal['unrestricted', 'eu', 'us', 'fedramp']
    """Where its data is kept"""
    repo_count: int
    created_at: str
    updated_at: str
    """When something last happened in it"""
    fsck: Fsck
    suspended: bool
    """Nobody but the operator gets anything from it"""
    read_only: bool
    """Its repositories take no pushes"""
    tokens_revoked_before: str | None
    """Tokens that were made before it are revoked, those of the repositories too"""
    standing: ToldStanding
    size_bytes: int
    """Bytes of the packs of its repositories"""
    object_count: int
    lfs_bytes: int
    """Bytes of their large files"""
    bytes_max: int | None
    """The bytes that packs and large files may have together; null: no bound"""
    repos_max: int | None
    """How many repositories it may have; null: no bound"""
    issuers: list[Issuer]


class Fsck(TypedDict):
    strict: bool


class ToldStanding(TypedDict):
    """How many repositories know what their namespace says of them all; those that are left are told in the background."""

    version: int
    told: int
    left: int


class Issuer(TypedDict):
    """An issuer of signed tokens that is trusted (docs/tokens.md#signed-tokens)."""

    issuer: str
    """The claim iss"""
    audience: str | list[str]
    """A token's aud names one of these"""
    jwks_url: NotRequired[str]
    """Where its keys are; either this or keys"""
    keys: NotRequired[list[dict[str, Any]]]
    """Its public keys as JWK; either this or jwks_url"""
    rules: NotRequired[list[IssuerRule]]
    """The rights of its tokens: the first rule that matches holds. Without rules a token names its own, by the claims repo or namespace, and scopes"""


class IssuerRule(TypedDict):
    claims: dict[str, str | list[str]]
    """Each of these claims has one of these values; a * at the end of a value stands for anything"""
    scope: Literal['read', 'write', 'admin']
    """admin is the operator's to set"""
    repos: NotRequired[list[str]]
    """All repositories unless given"""
    refs: NotRequired[RefRules]


RefRules: TypeAlias = "list[list[str | list[ForbiddenOp]]]"


ForbiddenOp: TypeAlias = "Literal['no-push', 'no-create', 'no-delete', 'no-force-push']"


class AllRevoked(TypedDict):
    tokens_revoked_before: str | None
    standing: ToldStanding


class AuditEntry(TypedDict):
    id: str
    at: str
    action: str
    """The type of its event without the prefix, as `repo.token.revoked`; of an event `namespace.audited` the action in its payload, as `webhook.created`"""
    actor: EventActor
    request_id: str | None
    address: str | None
    """Where the request came from, if the deployment knows; the operator's is shown to the operator alone"""
    repo_id: str | None
    repo: str | None
    """The repository's name at the time"""
    details: dict[str, Any]
    """The payload of its event"""


class EventActor(TypedDict):
    kind: Literal['operator', 'namespace', 'token', 'system']
    token_id: NotRequired[str]
    label: NotRequired[str]


class NewNamespace(TypedDict):
    namespace: str
    fsck: NotRequired[FsckChange]
    jurisdiction: NotRequired[Literal['unrestricted', 'eu', 'us', 'fedramp', None]]
    """Where its data is to be kept, for good: needs a bucket there, and a platform that keeps objects there"""


class FsckChange(TypedDict):
    """How Cairn checks objects of pushes and imports: strict refuses what git's --strict refuses; otherwise faults that harm no reader only cause a warning."""

    strict: NotRequired[bool]


class NamespaceChange(TypedDict):
    fsck: NotRequired[FsckChange]
    suspended: NotRequired[bool]
    """For the operator alone"""
    read_only: NotRequired[bool]
    bytes_max: NotRequired[int | None]
    """The bytes that packs and large files may have together; null takes the bound away. For the operator alone"""
    repos_max: NotRequired[int | None]
    """How many repositories it may have; null takes the bound away. For the operator alone"""
    issuers: NotRequired[list[Issuer]]
    """All issuers of signed tokens that the namespace trusts"""


class Usage(TypedDict):
    repo_count: int
    size_bytes: int
    """Bytes of packs"""
    object_count: int
    lfs_bytes: int
    """Bytes of large files"""
    sqlite_bytes: int
    """Bytes in SQLite"""
    r2_bytes: int
    """Bytes in R2. Bytes that forks share count once for each"""
    bytes_max: int | None
    repos_max: int | None
    days: list[UsageDaysItem]
    """Days in UTC on which something was done, newest first. Counts may lag by a minute"""


class UsageDaysItem(TypedDict):
    date: str
    pushes: int
    """Pushes that changed refs, by REST too"""
    fetches: int
    """Clones and fetches that got objects"""
    bytes_in: int
    """Bytes of pushes and of large files that came"""
    bytes_out: int
    """Bytes of Git's answers and of large files that went"""


class SignedRevocation(TypedDict):
    issuer: str
    """The token's iss"""
    jti: str
    """The token's jti"""
    expires_at: NotRequired[str]
    """The token's exp; unless given, as late as a token can end"""


class RevokedSigned(TypedDict):
    id: str
    """By which events and logs name the token"""
    issuer: str
    jti: str
    expires_at: str
    """Until when the revocation is kept: the token has ended by itself then"""


class FsckWarnings(TypedDict):
    """The warnings of fsck about the objects of an import; while it runs, so far."""

    object_count: int
    """Objects with a warning"""
    by_message: dict[str, int]
    """By git's message id: the objects that have it"""
    first: list[FsckWarningsFirstItem]


class FsckWarningsFirstItem(TypedDict):
    hash: str
    type: Literal['commit', 'tree', 'blob', 'tag']
    message: str
    """Git's message id, as in badTimezone"""
    detail: str


class SkippedRefs(TypedDict):
    """Refs of its source that an import or a fork left out because of their names."""

    count: int
    first: list[SkippedRefsFirstItem]


class SkippedRefsFirstItem(TypedDict):
    name: str
    """The full name; one above 1024 bytes is cut and ends with three dots"""
    reason: str


class LfsImport(TypedDict):
    """Objects of Git LFS that an import took along, and those that it did not get; absent while it runs."""

    objects: int
    bytes: int
    error: NotRequired[str]
    """Why it stopped before it had asked for all of them"""
    missing: LfsImportMissing


class LfsImportMissingFirstItem(TypedDict):
    oid: str
    size: int
    reason: NotRequired[str]


class LfsImportMissing(TypedDict):
    count: int
    bytes: int
    first: list[LfsImportMissingFirstItem]


class NewRepository(TypedDict):
    name: str
    description: NotRequired[str | None]
    default_branch: NotRequired[str | None]
    read_only: NotRequired[bool]
    public: NotRequired[bool]
    fsck: NotRequired[FsckChange]
    ref_rules: NotRequired[RefRules]
    ttl_seconds: NotRequired[int | None]
    """Seconds until the repository deletes itself"""
    expires_at: NotRequired[str | None]
    """When the repository deletes itself, as RFC 3339; in place of ttl_seconds"""
    idle_ttl_seconds: NotRequired[int | None]
    """Seconds without a push or a fetch after which the repository deletes itself"""
    location_hint: NotRequired[Literal['wnam', 'enam', 'sam', 'weur', 'eeur', 'apac', 'oc', 'afr', 'me', None]]
    """Where the platform is asked to make its object"""


class NewFork(TypedDict):
    name: str
    namespace: NotRequired[str | None]
    description: NotRequired[str | None]
    read_only: NotRequired[bool]
    default_branch_only: NotRequired[bool]
    fsck: NotRequired[FsckChange]
    ref_rules: NotRequired[RefRules]
    ttl_seconds: NotRequired[int | None]
    """Seconds until the repository deletes itself"""
    expires_at: NotRequired[str | None]
    """When the repository deletes itself, as RFC 3339; in place of ttl_seconds"""
    idle_ttl_seconds: NotRequired[int | None]
    """Seconds without a push or a fetch after which the repository deletes itself"""
    location_hint: NotRequired[Literal['wnam', 'enam', 'sam', 'weur', 'eeur', 'apac', 'oc', 'afr', 'me', None]]
    """Where the platform is asked to make its object"""


class ImportProgress(TypedDict):
    """How far the import has come; absent when it is done."""

    phase: NotRequired[Literal['waiting', 'preparing', 'receiving', 'resolving', 'checking', 'lfs']]
    attempts: NotRequired[int]
    """Attempts in a row that brought nothing"""
    parts: NotRequired[int]
    """Parts that the history is fetched in; 0 while that is not known"""
    parts_done: NotRequired[int]
    """Parts that are here"""
    received_bytes: NotRequired[int]
    """Bytes received of the pack under way"""
    received_objects: NotRequired[int]
    """Objects received of it"""
    total_objects: NotRequired[int]
    """Objects that it announces"""
    resolved_deltas: NotRequired[int]
    """Deltas of it made into objects"""
    total_deltas: NotRequired[int]
    """Deltas in it"""
    checked_commits: NotRequired[int]
    """Commits of it that are proved to be complete"""
    total_commits: NotRequired[int]
    """Commits in it"""
    lfs_objects: NotRequired[int]
    """Objects of Git LFS that are here"""
    lfs_bytes: NotRequired[int]
    """Their bytes"""
    total_lfs_objects: NotRequired[int]
    """Objects of Git LFS that pointers name, as far as they are known"""
    total_lfs_bytes: NotRequired[int]
    """Their bytes"""


class NewImport(TypedDict):
    url: str
    username: NotRequired[str | None]
    password: NotRequired[str | None]
    branch: NotRequired[str | None]
    depth: NotRequired[int | None]
    refs: NotRequired[Literal['branches-tags', 'all'] | list[str] | None]
    """Which refs are taken, in place of branch: branches and tags unless given"""
    read_only: NotRequired[bool]
    description: NotRequired[str | None]
    fsck: NotRequired[FsckChange]
    lfs: NotRequired[bool]
    """Whether objects of Git LFS are taken along; true unless given"""
    ref_rules: NotRequired[RefRules]
    ttl_seconds: NotRequired[int | None]
    """Seconds until the repository deletes itself"""
    expires_at: NotRequired[str | None]
    """When the repository deletes itself, as RFC 3339; in place of ttl_seconds"""
    idle_ttl_seconds: NotRequired[int | None]
    """Seconds without a push or a fetch after which the repository deletes itself"""
    location_hint: NotRequired[Literal['wnam', 'enam', 'sam', 'weur', 'eeur', 'apac', 'oc', 'afr', 'me', None]]
    """Where the platform is asked to make its object"""


class CreatedRepository(TypedDict):
    id: str
    name: str
    description: str | None
    default_branch: str
    read_only: bool
    remote: str
    token: str
    expires_at: str
    """When the token ends"""
    clone_url: str
    """The remote with the token in it"""
    objects: NotRequired[int]
    """For a fork: the objects that it took over"""
    skipped_refs: NotRequired[SkippedRefs]


class ListedRepository(TypedDict):
    id: str
    name: str
    description: str | None
    default_branch: str
    created_at: str
    updated_at: str
    last_push_at: str | None
    source: str | None
    read_only: bool
    public: bool
    remote: str
    size_bytes: int
    """Bytes of its packs; it may lag behind the repository's own"""
    object_count: int
    lfs_bytes: int
    """Bytes of its large files; it may lag behind the repository's own"""
    expires_at: str | None
    """When it deletes itself"""
    status: Literal['ready', 'importing', 'forking', 'recovering', None]
    """Its status while it is busy; null: it could not be asked"""


Repository = TypedDict("Repository", {
    "id": "str",
    "name": "str",
    "description": "str | None",
    "default_branch": "str",
    "created_at": "str",
    "updated_at": "str",
    "last_push_at": "str | None",
    "source": "str | None",
    "read_only": "bool",
    "public": "bool",
    "remote": "str",
    "size_bytes": "int",
    "object_count": "int",
    "lfs_objects": "int",
    "lfs_bytes": "int",
    "bytes_max": "int | None",
    "status": "Literal['ready', 'importing', 'forking', 'recovering']",
    "deny_non_fast_forwards": "bool",
    "deny_deletes": "bool",
    "prune_grace_seconds": "int",
    "reflog_retention_seconds": "int",
    "superseded_grace_seconds": "int",
    "settle_seconds": "int",
    "cold_after_seconds": "int",
    "cold_bytes_min": "int",
    "ready_bytes_min": "int",
    "import": "NotRequired[ImportProgress]",
    "lfs_import": "NotRequired[LfsImport]",
    "fsck_warnings": "NotRequired[FsckWarnings]",
    "skipped_refs": "NotRequired[SkippedRefs]",
    "fsck": "Fsck",
    "fetch_events": "bool",
    "push_protection": "bool",
    "ref_rules": "RefRules",
    "pre_receive": "PreReceive",
    "expires_at": "str | None",
    "idle_ttl_seconds": "int | None",
    "downstreams": "list[DownstreamInShort]",
    "upstream": "NotRequired[UpstreamInShort]",
})


PreReceive: TypeAlias = "PreReceiveFields | None"


class PreReceiveFields(TypedDict):
    """The hook that is asked before a push is published."""

    url: str
    """https on a public host"""
    timeout_ms: int
    """How long the hook may take to answer"""
    on_failure: Literal['refuse', 'accept']
    """The fate of a push that the hook did not judge"""
    refs: list[str] | None
    """Full ref names, or beginnings and `*`, that the hook judges; null for every ref"""
    secret: NotRequired[str]
    """The key that signs; only in the answer to the change that set it"""


class DownstreamInShort(TypedDict):
    id: str
    url: str
    active: bool
    last_push: str | None
    last_error: str | None


class UpstreamInShort(TypedDict):
    url: str
    policy: Literal['read_only', 'fast_forward', 'force']
    last_sync: str | None
    last_error: str | None


class RepositoryChange(TypedDict):
    description: NotRequired[str | None]
    default_branch: NotRequired[str]
    read_only: NotRequired[bool]
    public: NotRequired[bool]
    deny_non_fast_forwards: NotRequired[bool]
    deny_deletes: NotRequired[bool]
    prune_grace_seconds: NotRequired[int]
    reflog_retention_seconds: NotRequired[int]
    superseded_grace_seconds: NotRequired[int]
    settle_seconds: NotRequired[int]
    cold_after_seconds: NotRequired[int]
    cold_bytes_min: NotRequired[int]
    ready_bytes_min: NotRequired[int]
    fsck: NotRequired[FsckChange]
    fetch_events: NotRequired[bool]
    """Whether clones and fetches are events"""
    push_protection: NotRequired[bool]
    """Whether pushed blobs are searched for secrets"""
    ref_rules: NotRequired[RefRules]
    bytes_max: NotRequired[int | None]
    """The bytes that its packs and large files may have together; null takes the bound away"""
    pre_receive: NotRequired[PreReceiveChange]
    ttl_seconds: NotRequired[int | None]
    """Seconds until the repository deletes itself; null: never"""
    expires_at: NotRequired[str | None]
    """When the repository deletes itself, as RFC 3339; in place of ttl_seconds; null: never"""
    idle_ttl_seconds: NotRequired[int | None]
    """Seconds without a push or a fetch after which the repository deletes itself; null: never"""


PreReceiveChange: TypeAlias = "PreReceiveChangeFields | None"


class PreReceiveChangeFields(TypedDict):
    """The hook that is asked before a push is published; null takes it away."""

    url: str
    """https on a public host"""
    timeout_ms: NotRequired[int]
    """How long the hook may take to answer; 5000 unless given"""
    on_failure: NotRequired[Literal['refuse', 'accept']]
    """The fate of a push that the hook did not judge; refuse unless given"""
    refs: NotRequired[list[str] | None]
    """Full ref names, or beginnings and `*`, that the hook judges; null for every ref"""
    secret: NotRequired[str]
    """`whsec_` and the base64 of 24 to 64 bytes; the present one unless set, or one that is made"""


class Purge(TypedDict):
    network: NotRequired[bool]
    """Whether to purge the other repositories of the fork network that may hold these objects; for the operator only; false unless given"""


class Purged(TypedDict):
    objects: int
    """Objects that no ref reached"""
    bytes: int
    """Bytes by which the packs shrank"""
    packs_rewritten: int
    lfs_objects: int
    """Objects of Git LFS that no pointer in what refs reach names"""
    lfs_bytes: int
    r2_objects: int
    """Objects in R2 that this repository released; one that another repository names stays until that one is purged"""
    holders: list[Holder]
    other_holders: int
    """How many more there are, in namespaces that the caller does not administer"""


class Holder(TypedDict):
    """A repository of the fork network that names packs which the purged one does not."""

    id: str
    namespace: str | None
    name: str | None
    """null if the network does not know it"""
    objects: NotRequired[int]
    """The objects that were removed there, if it was purged too"""
    error: NotRequired[str]
    """Why it was not purged"""


class Maintenance(TypedDict):
    task: Literal['run', 'verify', 'rebuild', 'secure', 'snapshot']
    lfs_digests: NotRequired[bool]
    """For verify: whether the objects of Git LFS are read and hashed; false unless given"""


class NewToken(TypedDict):
    repo: NotRequired[str | None]
    repos: NotRequired[list[str] | None]
    """The repositories that a namespace's token opens; all unless set"""
    scope: NotRequired[Literal['read', 'write', 'admin', None]]
    ttl: NotRequired[int | None]
    """86400 unless given"""
    label: NotRequired[str | None]
    refs: NotRequired[RefRules]


class CreatedToken(TypedDict):
    id: str
    plaintext: str
    scope: str
    label: str | None
    expires_at: str
    clone_url: NotRequired[str]
    """The remote with the token in it, for a repository's token"""
    repos: NotRequired[list[str] | None]
    """The names of the repositories that a namespace's token opens; null for all"""
    refs: RefRules


class Token(TypedDict):
    id: str
    scope: str
    label: str | None
    state: Literal['active', 'expired', 'revoked']
    created_at: str
    expires_at: str
    last_used_at: str | None
    repos: NotRequired[list[str] | None]
    """The names of the repositories that a namespace's token opens; null for all"""
    refs: RefRules


class Ref(TypedDict):
    name: str
    target: str
    peeled: NotRequired[str]
    symref: NotRequired[str]
    aheadBy: NotRequired[int]
    """Commits that it has and the revision of ahead_behind has not; only if that was given, and of a ref that leads to a commit"""
    behindBy: NotRequired[int]
    """Commits that the revision of ahead_behind has and it has not; likewise"""


class Commit(TypedDict):
    hash: str
    treeHash: str
    message: str
    author: CommitAuthor
    committer: CommitCommitter
    parents: list[str]
    authoredAt: str
    committedAt: str


class CommitAuthor(TypedDict):
    name: str
    email: str


class CommitCommitter(TypedDict):
    name: str
    email: str


class TreeEntry(TypedDict):
    name: str
    mode: str
    hash: str
    type: Literal['tree', 'blob', 'symlink', 'gitlink', 'exec']
    lastCommit: NotRequired[Commit]


class Blame(TypedDict):
    commit: str
    """The commit that the ref leads to"""
    path: str
    hash: str
    """The blob"""
    lines: int
    """Lines of the file"""
    ranges: list[BlamedRange]
    commits: list[Commit]
    """The commits of the ranges, each once"""
    commitsTruncated: bool
    """Whether some of them had no room"""


class BlamedRange(TypedDict):
    line: int
    """The first line in the file"""
    lines: int
    originalLine: int
    """The first line in the commit"""
    hash: str
    """The commit that the lines come from"""
    path: str
    """The path of the file there"""
    previous: NotRequired[BlamedRangePrevious]
    """The version before, in the first parent that has one"""


class BlamedRangePrevious(TypedDict):
    """The version before, in the first parent that has one."""

    hash: str
    path: str


class Grep(TypedDict):
    files: list[GrepFile]
    tooLarge: list[GrepTooLargeItem]
    """Files that were not searched because of their size"""


class GrepFile(TypedDict):
    path: str
    hash: str
    """The blob"""
    binary: bool
    """Whether it is binary; then it matches somewhere, and no line is shown"""
    lines: list[GrepFileLinesItem]


class GrepFileLinesItem(TypedDict):
    line: int
    text: str
    match: bool
    """Whether it matches, or stands near a line that does"""
    truncated: bool
    """Whether the line has more than is shown"""


class GrepTooLargeItem(TypedDict):
    path: str
    hash: str
    size: int


class FoundFile(TypedDict):
    name: str
    """The path"""
    mode: str
    hash: str
    type: Literal['tree', 'blob', 'symlink', 'gitlink', 'exec']
    score: int
    """How well the path answers"""


class LfsObject(TypedDict):
    oid: str
    """The SHA-256 of its bytes"""
    size: int
    created_at: str
    """When the repository got it"""


class Stats(TypedDict):
    refs: int
    packs: StatsPacks
    """The packs by their state, their bytes, and the rows that hold them"""
    objects: int
    objects_by_kind: StatsObjectsByKind
    fsck_warnings: dict[str, int]
    """By git's message id: objects with a warning of fsck that pushes and imports have brought"""
    sqlite_bytes: int
    r2_bytes: int
    """Bytes in R2 that this repository names: packs, the ready clone, objects of Git LFS"""
    lfs_objects: int
    lfs_bytes: int
    sql: StatsSql
    """Since the object was woken"""
    maintenance: list[MaintenanceRun]
    """The last runs, newest first"""
    isolate: NotRequired[StatsIsolate]
    """Figures that the repositories of an isolate share; shown only to the operator"""
    reflog_rows: int
    tokens: int
    ready_clone_bytes: int | None
    """Null while no ready clone is there"""


class StatsPacks(TypedDict):
    """The packs by their state, their bytes, and the rows that hold them."""

    live: int
    quarantined: int
    superseded: int
    bytes: int
    chunk_rows: int
    part_rows: int
    in_r2: int
    cold: int


class StatsObjectsByKind(TypedDict):
    commit: int
    tree: int
    blob: int
    tag: int


class StatsSql(TypedDict):
    """Since the object was woken."""

    rows_read: int
    rows_written: int
    statements: int


class MaintenanceRun(TypedDict):
    """A run of maintenance."""

    task: str
    outcome: str
    started_at_ms: int
    duration_ms: int | None
    """Null while it runs"""
    packs: int
    objects: int
    bytes: int
    rows: int
    detail: str


class StatsIsolateReservationsOperationsValue(TypedDict):
    count: int
    bytes: int


class StatsIsolateReservations(TypedDict):
    """Memory that requests hold."""

    bytes: int
    count: int
    oldest_ms: int
    operations: dict[str, StatsIsolateReservationsOperationsValue]
    """By what they are for"""


class StatsIsolate(TypedDict):
    """Figures that the repositories of an isolate share; shown only to the operator."""

    heap_bytes: int
    reserved_bytes: int
    reserved_bytes_peak: int
    """The most that was reserved at once since the isolate began"""
    part_cache_bytes: int
    chunk_cache_bytes: int
    reservations: StatsIsolateReservations
    """Memory that requests hold"""


class Failure(TypedDict):
    """The answer to a request that was refused or failed."""

    result: None
    success: Literal[False]
    errors: list[Error]
    messages: list[Message]


class NewRelisting(TypedDict):
    cursor: NotRequired[str | None]
    """Where the previous request ended"""
    limit: NotRequired[int | None]
    """How many records in R2 to read, of any namespace; 20 unless given"""
    names: NotRequired[list[str] | None]
    """Repositories to ask, in place of those with a record in R2"""


class Relisting(TypedDict):
    records: int
    listed: list[str]
    """Names that were added to the list"""
    lost: list[RelistingLostItem]
    """Repositories whose own objects are lost too"""
    cursor: str
    """Where the next request continues; empty at the end"""


class RelistingLostItem(TypedDict):
    id: NotRequired[str]
    name: str


class Person(TypedDict):
    """The person who made a commit, a tag or a note; the caller unless given."""

    name: str
    email: str
    date: NotRequired[str]
    """RFC 3339 with a zone, or @seconds and a zone; now unless given"""


class FileChange(TypedDict):
    """One of content, content_base64, content_id, blob, lfs, delete and move_from; move_from also beside a content."""

    path: NotRequired[str]
    path_base64: NotRequired[str]
    """The path as base64, if it is not UTF-8"""
    mode: NotRequired[Literal['100644', '100755', '120000', '160000', '040000']]
    """Kept unless given; 100644 for a new file"""
    content: NotRequired[str]
    """The content as text"""
    content_base64: NotRequired[str]
    """The content as base64"""
    content_id: NotRequired[str]
    """NDJSON only: the chunks that bring the content"""
    size: NotRequired[int]
    """NDJSON only: the bytes of the content, if they are known"""
    blob: NotRequired[str]
    """An object that is here"""
    lfs: NotRequired[FileChangeLfs]
    """An object of Git LFS that the repository has: the commit gets its pointer"""
    delete: NotRequired[bool]
    """Whether the path goes; false unless given"""
    move_from: NotRequired[str]
    """The path whose entry goes here"""
    move_from_base64: NotRequired[str]


class FileChangeLfs(TypedDict):
    """An object of Git LFS that the repository has: the commit gets its pointer."""

    oid: str
    """The SHA-256 of its bytes"""
    size: int


class NewCommit(TypedDict):
    branch: str
    """The branch, by its short name"""
    message: str
    author: NotRequired[Person]
    committer: NotRequired[Person]
    expected_head: NotRequired[str | None]
    """The id at which the branch must be; null: it must not exist"""
    base: NotRequired[str]
    """The revision from which a new branch starts"""
    files: NotRequired[list[FileChange]]
    patch: NotRequired[str]
    """A unified diff, applied as git apply --index does; not together with files"""
    sign_off: NotRequired[bool]
    """Whether Signed-off-by is appended; false unless given"""
    allow_empty: NotRequired[bool]
    """Whether a commit that changes nothing is made; false unless given"""
    lfs: NotRequired[bool]
    """Whether contents at paths that .gitattributes gives filter=lfs go to Git LFS, and the commit gets their pointers; not together with patch; false unless given"""
    push_options: NotRequired[list[str]]
    """They go into the reflog; 64 KiB together at most"""


class Committed(TypedDict):
    commit: str
    tree: str
    branch: str
    oldHead: str | None
    """null: the commit made the branch"""
    newHead: str
    filesChanged: int
    lfs: NotRequired[list[CommittedLfsItem]]
    """With `lfs`: the files of which the commit has pointers"""


class CommittedLfsItem(TypedDict):
    path: str
    pathBase64: NotRequired[str]
    """The path as base64, if it is not UTF-8"""
    oid: str
    """The SHA-256 of its bytes"""
    size: int


class PutBlob(TypedDict):
    blob: str
    size: int


class RefUpdates(TypedDict):
    updates: list[RefUpdatesUpdatesItem]
    atomic: NotRequired[bool]
    """Whether all change, or none; false unless given"""
    push_options: NotRequired[list[str]]
    """They go into the reflog; 64 KiB together at most"""


class RefUpdatesUpdatesItemTag(TypedDict):
    """Makes an annotated tag of new."""

    message: str
    tagger: NotRequired[Person]


class RefUpdatesUpdatesItem(TypedDict):
    name: str
    """A full refname"""
    new: str | None
    """Where the ref goes, a revision; null deletes it"""
    old: NotRequired[str | None]
    """The id at which the ref must be; null: it must not exist"""
    tag: NotRequired[RefUpdatesUpdatesItemTag]
    """Makes an annotated tag of new"""


class UpdatedRefs(TypedDict):
    updates: list[UpdatedRefsUpdatesItem]


class UpdatedRefsUpdatesItemError(TypedDict):
    code: int
    message: str
    pointer: NotRequired[str]
    details: NotRequired[dict[str, Any]]


class UpdatedRefsUpdatesItem(TypedDict):
    name: str
    ok: bool
    old: str | None
    new: str | None
    error: NotRequired[UpdatedRefsUpdatesItemError]


class ReflogEntry(TypedDict):
    id: int
    """Its number, which grows"""
    push: int
    """The first entry of the same push or write"""
    ref: str
    old: str | None
    new: str | None
    at: str
    actor: ReflogEntryActor
    pushOptions: list[str]


class ReflogEntryActor(TypedDict):
    tokenId: str | None
    label: str | None


NewMerge = TypedDict("NewMerge", {
    "into": "str",
    "from": "str | NewMergeFrom1",
    "strategy": "NotRequired[Literal['merge', 'ff_only', 'ff_prefer', 'squash', 'rebase']]",
    "expected_head": "NotRequired[str]",
    "message": "NotRequired[str]",
    "author": "NotRequired[Person]",
    "committer": "NotRequired[Person]",
    "on_conflict": "NotRequired[Literal['fail', 'ours', 'theirs']]",
    "dry_run": "NotRequired[bool]",
    "push_options": "NotRequired[list[str]]",
})


class NewMergeFrom1(TypedDict):
    """A revision of another repository of the deployment, a fork, say, which the credential may read."""

    repository: str
    """namespace/name"""
    ref: str
    """A revision there"""


class ForkSync(TypedDict):
    branch: NotRequired[str]
    """The branch, here and in the source; the default branch unless given"""
    strategy: NotRequired[Literal['merge', 'ff_only', 'ff_prefer', 'squash', 'rebase']]
    """ff_prefer unless given"""
    expected_head: NotRequired[str]
    """The id at which the branch must be"""
    message: NotRequired[str]
    """git's own unless given"""
    author: NotRequired[Person]
    committer: NotRequired[Person]
    on_conflict: NotRequired[Literal['fail', 'ours', 'theirs']]
    """Which side conflicting hunks are taken from; fail unless given"""
    dry_run: NotRequired[bool]
    """Whether nothing is changed; false unless given"""
    push_options: NotRequired[list[str]]
    """They go into the reflog; 64 KiB together at most"""


class NewCherryPick(TypedDict):
    commits: list[str]
    """In the order in which they are done"""
    onto: str
    """The branch that moves"""
    mainline: NotRequired[int]
    """The parent of a merge commit that is its base, from 1"""
    expected_head: NotRequired[str]
    """The id at which the branch must be"""
    allow_empty: NotRequired[bool]
    """Whether a commit that changes nothing any more is kept; false unless given"""
    committer: NotRequired[Person]
    on_conflict: NotRequired[Literal['fail', 'ours', 'theirs']]
    """Which side conflicting hunks are taken from; fail unless given"""
    dry_run: NotRequired[bool]
    """Whether nothing is changed; false unless given"""
    push_options: NotRequired[list[str]]
    """They go into the reflog; 64 KiB together at most"""


class NewRevert(TypedDict):
    commits: list[str]
    """In the order in which they are done"""
    onto: str
    """The branch that moves"""
    mainline: NotRequired[int]
    """The parent of a merge commit that is its base, from 1"""
    expected_head: NotRequired[str]
    """The id at which the branch must be"""
    allow_empty: NotRequired[bool]
    """Whether a commit that changes nothing any more is kept; false unless given"""
    committer: NotRequired[Person]
    on_conflict: NotRequired[Literal['fail', 'ours', 'theirs']]
    """Which side conflicting hunks are taken from; fail unless given"""
    dry_run: NotRequired[bool]
    """Whether nothing is changed; false unless given"""
    push_options: NotRequired[list[str]]
    """They go into the reflog; 64 KiB together at most"""
    author: NotRequired[Person]


class NewRestore(TypedDict):
    branch: str
    """The branch"""
    to: str | NewRestoreTo1
    how: NotRequired[Literal['commit', 'move']]
    """commit unless given"""
    message: NotRequired[str]
    author: NotRequired[Person]
    committer: NotRequired[Person]
    expected_head: NotRequired[str | None]
    """The id at which the branch must be"""
    push_options: NotRequired[list[str]]
    """They go into the reflog; 64 KiB together at most"""


class NewRestoreTo1(TypedDict):
    """The branch's commit after this entry of its reflog."""

    reflog: int


ConflictSide: TypeAlias = "ConflictSideFields | None"


class ConflictSideFields(TypedDict):
    mode: str
    hash: str


class MergeConflictPath(TypedDict):
    path: str
    pathBase64: NotRequired[str]
    kind: Literal['content', 'add_add', 'binary', 'too_large', 'file_directory', 'distinct_types', 'modify_delete', 'rename_rename', 'rename_collides', 'rename_delete', 'directory_rename_suggested', 'directory_rename_in_the_way', 'directory_rename_collision', 'directory_rename_split', 'submodule']
    paths: NotRequired[list[str]]
    base: NotRequired[ConflictSide]
    ours: NotRequired[ConflictSide]
    theirs: NotRequired[ConflictSide]
    content: NotRequired[str | None]
    """With conflict markers in the style diff3"""
    contentTruncated: NotRequired[bool]


class Merged(TypedDict):
    status: Literal['merged', 'fast_forward', 'squashed', 'rebased', 'cherry_picked', 'reverted', 'restored', 'moved', 'up_to_date', 'conflicts']
    dryRun: NotRequired[bool]
    branch: str
    commit: NotRequired[str | None]
    tree: NotRequired[str | None]
    oldHead: NotRequired[str | None]
    newHead: NotRequired[str | None]
    mergeBase: NotRequired[str | None]
    mergeBases: NotRequired[list[str]]
    commits: NotRequired[list[str]]
    """The commits that the request made, oldest first"""
    filesChanged: NotRequired[int]
    conflicts: NotRequired[list[MergeConflictPath]]
    conflictsTotal: NotRequired[int]


class DiffStats(TypedDict):
    files: int
    additions: int
    deletions: int


class DiffFile(TypedDict):
    path: str
    pathBase64: NotRequired[str]
    oldPath: NotRequired[str]
    oldPathBase64: NotRequired[str]
    status: Literal['added', 'deleted', 'modified', 'renamed', 'type_changed']
    similarity: NotRequired[int]
    oldMode: str | None
    newMode: str | None
    oldHash: str | None
    newHash: str | None
    additions: int
    deletions: int
    binary: bool
    tooLarge: bool
    oldSize: NotRequired[int]
    newSize: NotRequired[int]
    hunks: NotRequired[list[DiffFileHunksItem]]


class DiffFileHunksItemLinesItem(TypedDict):
    type: Literal['context', 'deleted', 'added']
    text: str
    base64: NotRequired[str]
    noNewline: NotRequired[bool]


class DiffFileHunksItemWordsItem(TypedDict):
    type: Literal['context', 'deleted', 'added']
    text: str
    base64: NotRequired[str]


class DiffFileHunksItem(TypedDict):
    oldStart: int
    oldLines: int
    newStart: int
    newLines: int
    section: str
    lines: NotRequired[list[DiffFileHunksItemLinesItem]]
    words: NotRequired[list[DiffFileHunksItemWordsItem]]
    """In place of lines, if word was given"""


class Comparison(TypedDict):
    base: str
    head: str
    mergeBase: str | None
    mergeBases: list[str]
    aheadBy: int
    behindBy: int
    commits: list[Commit]
    commitsTruncated: bool
    files: list[DiffFile]
    stats: DiffStats
    renameLimitNeeded: NotRequired[int]


class Diff(TypedDict):
    base: str
    head: str
    files: list[DiffFile]
    stats: DiffStats
    renameLimitNeeded: NotRequired[int]


class MergeBases(TypedDict):
    mergeBases: list[str]


class NewNote(TypedDict):
    object: str
    """The object that has the note"""
    note: str
    action: NotRequired[Literal['add', 'replace', 'append']]
    """add unless given"""
    ref: NotRequired[str]
    """A ref below refs/notes/; refs/notes/commits unless given"""
    expected_ref: NotRequired[str | None]
    """The id at which the notes ref must be"""
    author: NotRequired[Person]
    committer: NotRequired[Person]
    push_options: NotRequired[list[str]]
    """They go into the reflog; 64 KiB together at most"""


class NoteRemoval(TypedDict):
    object: str
    """The object that has the note"""
    ref: NotRequired[str]
    """A ref below refs/notes/; refs/notes/commits unless given"""
    expected_ref: NotRequired[str | None]
    """The id at which the notes ref must be"""
    author: NotRequired[Person]
    committer: NotRequired[Person]
    push_options: NotRequired[list[str]]
    """They go into the reflog; 64 KiB together at most"""


class NoteChange(TypedDict):
    ref: str
    object: str
    blob: str | None
    """null: the note is gone"""
    commit: str
    oldHead: str | None
    newHead: str


class Note(TypedDict):
    ref: str
    head: str
    object: str
    blob: str
    note: str
    noteBase64: NotRequired[str]


class ListedNote(TypedDict):
    object: str
    blob: str


class Event(TypedDict):
    """docs/events.md lists the types and their payloads."""

    type: str
    source: EventSource
    payload: dict[str, Any]
    actor: EventActor
    metadata: EventMetadata


class EventSource(TypedDict):
    type: str
    namespace: str
    repoName: NotRequired[str]
    """Missing of an event of the namespace itself"""


class EventMetadata(TypedDict):
    eventId: str
    sequence: int
    """In the repository, or of the namespace's own"""
    namespaceSequence: NotRequired[int]
    """In the namespace; missing in a repository's feed"""
    eventSchemaVersion: int
    eventTimestamp: str
    requestId: NotRequired[str]


class EventsInfo(TypedDict):
    after: int
    """The value of the next after"""
    newest: int
    """The newest sequence; 0 before the first"""
    oldest: int
    """The oldest sequence that is kept"""


class NewWebhook(TypedDict):
    url: str
    """https on a public host"""
    events: list[str]
    refs: NotRequired[list[str] | None]
    """Full ref names, or beginnings and `*`, that pushes are of; null for every ref"""
    secret: NotRequired[str]
    """`whsec_` and the base64 of 24 to 64 bytes; made unless set"""
    active: NotRequired[bool]
    """true unless given"""


class WebhookChange(TypedDict):
    url: NotRequired[str]
    """https on a public host"""
    events: NotRequired[list[str]]
    refs: NotRequired[list[str] | None]
    """Full ref names, or beginnings and `*`, that pushes are of; null for every ref"""
    active: NotRequired[bool]


class NewSecret(TypedDict):
    secret: NotRequired[str]
    """`whsec_` and the base64 of 24 to 64 bytes; made unless set"""
    keep_seconds: NotRequired[int]
    """How long the secret before it signs as well; 86400 unless given"""


class Webhook(TypedDict):
    id: str
    repository_id: str | None
    """Null of a webhook of the namespace"""
    url: str
    events: list[str]
    refs: list[str] | None
    active: bool
    disabled_reason: str | None
    """Why Cairn switched it off: `failing` or `gone`"""
    former_secret_until: str | None
    created_at: str
    updated_at: str


class WebhookWithSecret(TypedDict):
    id: str
    repository_id: str | None
    """Null of a webhook of the namespace"""
    url: str
    events: list[str]
    refs: list[str] | None
    active: bool
    disabled_reason: str | None
    """Why Cairn switched it off: `failing` or `gone`"""
    former_secret_until: str | None
    created_at: str
    updated_at: str
    secret: str
    """Shown this once"""


class Delivery(TypedDict):
    id: int
    event_id: str
    type: str
    state: Literal['pending', 'delivered', 'given_up', 'dropped']
    created_at: str
    attempts: int
    due_at: str | None
    """When it is tried next; null too while another one is before it"""
    attempted_at: str | None
    duration_ms: int | None
    status: int | None
    answer: str | None
    """The first KiB of the last answer, or what failed; null if it was empty"""


class DeliveryWithBody(TypedDict):
    id: int
    event_id: str
    type: str
    state: Literal['pending', 'delivered', 'given_up', 'dropped']
    created_at: str
    attempts: int
    due_at: str | None
    """When it is tried next; null too while another one is before it"""
    attempted_at: str | None
    duration_ms: int | None
    status: int | None
    answer: str | None
    """The first KiB of the last answer, or what failed; null if it was empty"""
    request_body: str
    """The event's JSON as it is sent"""


class NewRulesTest(TypedDict):
    ref: str
    """A full refname"""
    op: Literal['create', 'update', 'delete', 'force']
    """force: a move for which git push needs --force"""
    token_id: NotRequired[str | None]
    """The token that is asked about, in the place of the caller"""


class RulesTest(TypedDict):
    allowed: bool
    by: NotRequired[Literal['repository', 'token']]
    """Whose rule forbids it"""
    rule: NotRequired[str]
    """The operation of a rule about refs, or the name of a setting"""
    pattern: NotRequired[str]
    """The pattern of the rule about refs"""
    message: NotRequired[str]
    """As Git's report would say it"""


class BeingDeleted(TypedDict):
    id: str
    restorable_until: str | None
    """Until when it can be restored; null: it cannot"""


class DeletedRepository(TypedDict):
    id: str
    name: str
    """The name that it had"""
    deleted_at: str
    restorable_until: str
    """When it goes for good"""


class RestoreDeleted(TypedDict):
    id: NotRequired[str | None]
    """Which of the deleted repositories that had the name; the one that was deleted last unless given"""
    name: NotRequired[str | None]
    """The name that it gets; the one that it had unless given"""


class SignIn(TypedDict):
    token: str
    """The operator's key, or a token; a signed one too"""
    namespace: NotRequired[str]
    """Where a token is taken that does not say so itself"""
    repo: NotRequired[str]
    """The repository in it, of a repository's own token"""


class Session(TypedDict):
    kind: Literal['anonymous', 'operator', 'namespace', 'token']
    """`namespace`: a token of several repositories or all; `token`: of one"""
    namespace: str | None
    repository: str | None
    scope: Literal['read', 'write', 'admin', None]
    """null for the operator"""
    label: str | None
    expires_at: str | None
    """When the session ends, or else the token"""
    session: bool
    """Whether there is a session, which can be ended"""


class MirrorPassword(TypedDict):
    username: str
    password: str


class MirrorToken(TypedDict):
    token: str


class GithubInstallation(TypedDict):
    installation_id: int


class MirrorGithubApp(TypedDict):
    github_app: GithubInstallation


MirrorCredentials: TypeAlias = "MirrorPassword | MirrorToken | MirrorGithubApp"


class NewDownstream(TypedDict):
    url: str
    """https on a public host, without credentials"""
    refs: NotRequired[list[str]]
    """Refspecs of full ref names, each with one `*` at most on either side; `+` in front forces, `^` leaves refs out. Branches and tags unless given"""
    force: NotRequired[bool]
    """Whether refs there may lose commits"""
    prune: NotRequired[bool]
    """Whether refs there go that no ref here goes to"""
    atomic: NotRequired[bool]
    """Whether all refs change there or none"""
    active: NotRequired[bool]
    """Whether anything is pushed"""
    credentials: NotRequired[MirrorCredentials | None]


class DownstreamChange(TypedDict):
    url: NotRequired[str]
    """https on a public host, without credentials"""
    refs: NotRequired[list[str]]
    """Refspecs of full ref names, each with one `*` at most on either side; `+` in front forces, `^` leaves refs out. Branches and tags unless given"""
    force: NotRequired[bool]
    """Whether refs there may lose commits"""
    prune: NotRequired[bool]
    """Whether refs there go that no ref here goes to"""
    atomic: NotRequired[bool]
    """Whether all refs change there or none"""
    active: NotRequired[bool]
    """Whether anything is pushed"""
    credentials: NotRequired[MirrorCredentials | None]


class PushedRef(TypedDict):
    name: str
    """The ref there"""
    source: NotRequired[str]
    """The ref here that goes to it; missing where none does"""
    old: str | None
    new: str | None
    """What it was to get; null: it was to go"""
    status: Literal['created', 'updated', 'forced', 'deleted', 'rejected']
    reason: NotRequired[str]
    """Why it is as it was"""


class DownstreamPush(TypedDict):
    id: int
    started_at: str
    ended_at: str
    outcome: Literal['pushed', 'refused', 'failed']
    """`refused`: some refs there are not as they are here"""
    error: NotRequired[str]
    """Why it failed"""
    messages: NotRequired[str]
    """What the remote said to people"""
    refs: list[PushedRef]
    """The first of the refs that differed, rejected ones before others"""
    ref_count: int
    rejected_count: int
    sent_bytes: int
    attempt: int
    """Which in a row it was"""


class Downstream(TypedDict):
    id: str
    url: str
    refs: list[str]
    force: bool
    prune: bool
    atomic: bool
    active: bool
    credentials: Literal['basic', 'token', 'github_app', None]
    """Their kind"""
    created_at: str
    state: Literal['idle', 'pushing', 'waiting', 'inactive']
    failures: int
    """Attempts in a row that failed"""
    next_attempt_at: str | None
    last_push: DownstreamPush | None


class NewUpstream(TypedDict):
    url: str
    """The repository to follow: https, on the public internet, without a user or a password"""
    refs: NotRequired[list[str]]
    """Refspecs of full names, as Git has them; ^… leaves out. Branches and tags unless given"""
    policy: NotRequired[Literal['read_only', 'fast_forward', 'force']]
    """What becomes of a ref that changes on both sides: pushes to mirrored refs are refused, so that none does; or it is left and reported; or upstream's wins"""
    interval_seconds: NotRequired[int | None]
    """Seconds between two syncs. Absent: they come when somebody asks"""
    prune: NotRequired[bool]
    """Whether a ref is deleted here that upstream no longer has; not with fast_forward"""
    credentials: NotRequired[MirrorCredentials | None]
    """The credentials that upstream asks for. Absent: those of before, if the URL is the same; null: none. They are stored sealed and never shown"""
    webhook_secret: NotRequired[str | None]
    """The secret with which upstream signs its webhook. Absent: that of before; null: none"""


class UpstreamSync(TypedDict):
    id: int
    state: Literal['waiting', 'running', 'unchanged', 'updated', 'failed']
    asked_by: Literal['settings', 'request', 'interval', 'webhook']
    asked_at: str
    attempts: int
    finished_at: str | None
    progress: NotRequired[ImportProgress]
    created: int
    updated: int
    forced: int
    deleted: int
    diverged: int
    rejected: int
    skipped: int
    """Refs of the upstream that cannot be here because of their names"""
    pack_bytes: int
    refs: list[UpstreamSyncRefsItem]
    """The first refs of which there is something to say"""
    error: str | None
    """Why it failed"""


class UpstreamSyncRefsItem(TypedDict):
    ref: str
    old: str | None
    new: str | None
    result: Literal['created', 'updated', 'forced', 'deleted', 'diverged', 'rejected']
    reason: NotRequired[str]


class Upstream(TypedDict):
    url: str
    refs: list[str]
    policy: Literal['read_only', 'fast_forward', 'force']
    interval_seconds: int | None
    prune: bool
    credentials: Literal['basic', 'token', 'github_app', None]
    """Their kind"""
    has_webhook_secret: bool
    created_at: str
    updated_at: str
    next_sync_at: str | None
    """When a sync begins by itself"""
    sync: None | UpstreamSync
    """The sync that is not over"""
    last_sync: None | UpstreamSync
    last_error: str | None
    diverged: list[UpstreamDivergedItem]
    """Refs that went different ways, by name"""


class UpstreamDivergedItem(TypedDict):
    ref: str
    here: str
    there: str
    since: str


class UpstreamHook(TypedDict):
    sync: int | None
    """The sync that it asked for; null: nothing that moves a ref"""
    event: str


class UpstreamRemoved(TypedDict):
    url: str

import { client } from "../api";
import { Alert } from "../parts/form";
import { sizeOf } from "../parts/size";
import { Loaded } from "../parts/waiting";
import { type Owner, type Repository, REPOSITORY, result } from "./api";
import { type Kept, useKept } from "./data";

const POLL_MS = 1_500;

/** A repository, asked again while it is being made and somebody looks. */
export function useRepository({ namespace, repo }: Owner): Kept<Repository> {
  return useKept(
    `repository ${namespace}/${repo}`,
    (init) => result(client.GET(REPOSITORY, { params: { path: { namespace, repo } }, ...init })),
    ({ status }) => (status === "ready" ? 0 : POLL_MS),
  );
}

/** How far an import, a fork or a recovery is, and why it failed if it did. */
export function Progress(owner: Owner) {
  const repository = useRepository(owner);
  return <Loaded data={repository}>{(value) => <ProgressOf repository={value} error={repository.error} />}</Loaded>;
}

/** The same of a repository that is here. Once a failed import is gone, the API says why. */
export function ProgressOf({ repository: { status, import: progress }, error }: { repository: Repository; error?: Error | undefined }) {
  if (error) return <Alert>{error.message}</Alert>;
  if (status === "ready") {
    return (
      <p class="quiet" role="status">
        It is ready.
      </p>
    );
  }
  return (
    <section class="group" aria-label="Progress">
      <p role="status">
        It is {status}
        {progress && `: ${progress.phase}`}
        {(progress?.attempts ?? 0) > 0 && `, after ${progress?.attempts} attempts that brought nothing`}
      </p>
      {progress && (
        <>
          <Bar label="Parts" done={progress.parts_done} total={progress.parts} />
          <Bar label={`Objects received (${sizeOf(progress.received_bytes ?? 0)})`} done={progress.received_objects} total={progress.total_objects} />
          <Bar label="Deltas resolved" done={progress.resolved_deltas} total={progress.total_deltas} />
          <Bar label="Commits checked" done={progress.checked_commits} total={progress.total_commits} />
        </>
      )}
    </section>
  );
}

function Bar({ label, done = 0, total }: { label: string; done: number | undefined; total: number | undefined }) {
  if (!total) return null;
  return (
    <label class="progress">
      {label}: {done.toLocaleString("en")} of {total.toLocaleString("en")}
      <progress value={done} max={total} />
    </label>
  );
}

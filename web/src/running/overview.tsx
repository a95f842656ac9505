import { Failure } from "../parts/failure";
import { sizeOf } from "../parts/size";
import { Time } from "../parts/time";
import { Loaded } from "../parts/waiting";
import type { Repository } from "./api";
import { Facts, Told } from "./facts";
import { duration } from "./measure";
import { ProgressOf, useRepository } from "./progress";
import type { ViewProperties } from "./where";

/** A repository at a glance: its state, its size, and the report of its import or fork. */
export function Overview({ where }: ViewProperties) {
  const repository = useRepository(where);
  return (
    <Loaded data={repository}>
      {(value) => (
        <>
          {value.status !== "ready" && <ProgressOf repository={value} error={repository.error} />}
          {value.status === "ready" && repository.error && <Failure error={repository.error} />}
          <About repository={value} />
        </>
      )}
    </Loaded>
  );
}

function About({ repository }: { repository: Repository }) {
  const { description, last_push_at, expires_at, idle_ttl_seconds, bytes_max, lfs_import, fsck_warnings, skipped_refs } = repository;
  return (
    <section class="group">
      {description && <p>{description}</p>}
      <Facts
        facts={[
          ["Read by", repository.public ? "everybody" : "tokens"],
          ["State", `${repository.status}${repository.read_only ? ", read-only" : ""}`],
          ["Default branch", repository.default_branch],
          ["Remote", <code key="remote">{repository.remote}</code>],
          ["Size", `${sizeOf(repository.size_bytes)}${bytes_max === null ? "" : ` of ${sizeOf(bytes_max)}`}`],
          ["Large files", repository.lfs_objects ? `${repository.lfs_objects}, ${sizeOf(repository.lfs_bytes)}` : undefined],
          ["Objects", repository.object_count.toLocaleString("en")],
          ["Last push", last_push_at ? <Time at={last_push_at} /> : "never"],
          ["Made", <Time key="made" at={repository.created_at} />],
          ["From", repository.source],
          ["Deletes itself", expires_at && <Time at={expires_at} />],
          ["Deletes itself when idle for", idle_ttl_seconds !== null && duration.shown(idle_ttl_seconds)],
          ["Id", <code key="id">{repository.id}</code>],
        ]}
      />
      {lfs_import && <More title="Large files of its import" value={lfs_import} />}
      {fsck_warnings && <More title="What fsck warned of" value={fsck_warnings} />}
      {skipped_refs && <More title="Refs that were left out" value={skipped_refs} />}
    </section>
  );
}

function More({ title, value }: { title: string; value: object }) {
  return (
    <details class="told">
      <summary>{title}</summary>
      <Told value={value} />
    </details>
  );
}

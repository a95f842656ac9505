import { Bar } from "../parts/bar";

/** The page of a path that names nothing here. */
export function Nowhere() {
  return (
    <>
      <Bar />
      <main id="content" class="message">
        <h1>There is nothing here</h1>
        <p>
          The page of a repository is at <code>/r/namespace/repository</code>.
        </p>
      </main>
    </>
  );
}

// Types alone, never run: `scripts/check-client.sh` has tsc compare this client's with those that
// openapi-typescript makes of the server's description.

import type * as cairn from "cairn-client";
import type { components } from "./api.js";

type Described = components["schemas"];

// `default_branch` is `defaultBranch` here, as in the binding.
type Camel<Name> = Name extends `${infer Head}_${infer Tail}` ? `${Head}${Capitalize<Camel<Tail>>}` : Name;

// The same type with the names of this client. Maps with arbitrary names stay as they are.
type Shaped<T> = T extends readonly (infer Item)[]
  ? Shaped<Item>[]
  : T extends object
    ? string extends keyof T
      ? T
      : { [Name in keyof T as Camel<Name>]: Shaped<T[Name]> }
    : T;

// The description shows a rule about refs as JSON Schema can: an array of texts and arrays.
type Rules<T> = { [Name in keyof T]: Name extends "refRules" ? cairn.RefRule[] : T[Name] };

// A value of the type `Got` can stand where `Promised` is expected.
type Gives<Promised, Got extends Promised> = Got extends Promised ? true : never;

// The server takes everything that this client takes from its caller.
type Takes<Taken, Given extends Taken> = Given extends Taken ? true : never;

type Asked<Method> = Method extends (asked: infer First, ...more: never[]) => unknown ? NonNullable<First> : never;
type Second<Method> = Method extends (first: never, asked?: infer Opts, ...more: never[]) => unknown ? NonNullable<Opts> : never;

// Times of commits are unix seconds here, a token of a repository has one of two scopes, and fields that an
// actor lacks are null.
type OfCommit = "authoredAt" | "committedAt" | "lastCommit";
type Without<T, Names extends PropertyKey> = Omit<T, Names>;

export const results: [
  Gives<cairn.CairnRepoInfo, Rules<Shaped<Described["Repository"]>>>,
  Gives<cairn.SizedRepo, Shaped<Described["ListedRepository"]>>,
  Gives<cairn.ArtifactsCreateRepoResult, Shaped<Described["CreatedRepository"]>>,
  Gives<Without<cairn.ArtifactsCreateTokenResult, "scope">, Shaped<Described["CreatedToken"]>>,
  Gives<Without<cairn.ArtifactsTokenInfo, "scope">, Shaped<Described["Token"]>>,
  Gives<cairn.ArtifactsPurgeResult, Shaped<Described["Purged"]>>,
  Gives<Without<cairn.ArtifactsCommitMetadata, OfCommit>, Shaped<Described["Commit"]>>,
  Gives<cairn.ArtifactsTreeEntry, Shaped<Described["TreeEntry"]>>,
  Gives<Without<cairn.FoundFile, "path">, Shaped<Described["FoundFile"]>>,
  Gives<Without<cairn.Blame, "commits">, Shaped<Described["Blame"]>>,
  Gives<Without<cairn.GrepPage, "count" | "cursor">, Shaped<Described["Grep"]>>,
  Gives<cairn.ListedLfsObject, Shaped<Described["LfsObject"]>>,
  Gives<Without<cairn.CairnNamespaceInfo, "name" | "issuers">, Shaped<Described["Namespace"]>>,
  Gives<cairn.Issuer[], Described["Namespace"]["issuers"]>,
  Gives<cairn.CairnUsage, Shaped<Described["Usage"]>>,
  Gives<Without<cairn.AuditEntry, "actor">, Shaped<Described["AuditEntry"]>>,
  Gives<cairn.DeletedRepo, Shaped<Described["DeletedRepository"]>>,
  Gives<cairn.RulesJudgement, Shaped<Described["RulesTest"]>>,
  Gives<cairn.Committed, Described["Committed"]>,
  Gives<cairn.UpdatedRef[], Described["UpdatedRefs"]["updates"]>,
  Gives<cairn.ReflogEntry, Described["ReflogEntry"]>,
  Gives<cairn.Merged, Described["Merged"]>,
  Gives<cairn.Diff, Described["Diff"]>,
  Gives<cairn.Note, Described["Note"]>,
  Gives<cairn.NoteChange, Described["NoteChange"]>,
  Gives<cairn.Webhook, Shaped<Described["Webhook"]>>,
  Gives<cairn.Delivery, Shaped<Described["Delivery"]>>,
  Gives<cairn.CairnEvent, Described["Event"]>,
  Gives<cairn.Downstream, Shaped<Described["Downstream"]>>,
  Gives<cairn.DownstreamPush, Shaped<Described["DownstreamPush"]>>,
] = [
  true, true, true, true, true, true, true, true, true, true, true, true, true, true, true, true,
  true, true, true, true, true, true, true, true, true, true, true, true, true, true,
];

// Bytes are sent as base64, and files of a stream one by one.
type File = Without<cairn.FileChange, "content" | "lfs" | "mode">;

export const requests: [
  Takes<Rules<Shaped<Described["RepositoryChange"]>>, Asked<cairn.CairnRepo["update"]>>,
  Takes<Rules<Shaped<Described["NewFork"]>>, { name: string } & Second<cairn.CairnRepo["fork"]>>,
  Takes<
    Rules<Shaped<Described["NewRepository"]>>,
    { name: string } & Without<Second<cairn.Artifacts["create"]>, "setDefaultBranch">
  >,
  Takes<
    Rules<Shaped<Described["NewImport"]>>,
    Asked<cairn.Artifacts["import"]>["source"] & NonNullable<Asked<cairn.Artifacts["import"]>["target"]["opts"]>
  >,
  Takes<Without<Shaped<Described["NamespaceChange"]>, "issuers">, Without<Asked<cairn.CairnArtifacts["updateNamespace"]>, "issuers">>,
  Takes<Shaped<Described["NewRulesTest"]>, Asked<cairn.CairnRepo["testRules"]>>,
  Takes<Shaped<Described["FileChange"]>, File>,
  Takes<Without<Shaped<Described["NewCommit"]>, "files">, Without<cairn.NewCommit, "files">>,
  Takes<Shaped<Described["RefUpdates"]>["updates"], cairn.RefUpdate[]>,
  Takes<Shaped<Described["NewMerge"]>, cairn.NewMerge>,
  Takes<Shaped<Described["NewCherryPick"]>, cairn.NewCherryPick>,
  Takes<Shaped<Described["ForkSync"]>, cairn.ForkSync>,
  Takes<Shaped<Described["NewRevert"]>, cairn.NewRevert>,
  Takes<Shaped<Described["NewRestore"]>, cairn.NewRestore>,
  Takes<Shaped<Described["NewNote"]>, cairn.NewNote>,
  Takes<Shaped<Described["NewDownstream"]>, cairn.NewDownstream>,
] = [true, true, true, true, true, true, true, true, true, true, true, true, true, true, true, true];

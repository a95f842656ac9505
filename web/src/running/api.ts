import { Refusal, page } from "../api";
import type { components } from "../schema";

type Schemas = components["schemas"];
export type Namespace = Schemas["Namespace"];
export type Repository = Schemas["Repository"];
export type ListedRepository = Schemas["ListedRepository"];
export type Rules = Schemas["RefRules"];
export type Token = Schemas["Token"];
export type Webhook = Schemas["Webhook"];
export type Delivery = Schemas["Delivery"];
export type Event = Schemas["Event"];
export type AuditEntry = Schemas["AuditEntry"];

// A route that is given as a constant keeps its type.
export const NAMESPACES = "/api/v1/namespaces" as const;
export const NAMESPACE = `${NAMESPACES}/{namespace}` as const;
export const REPOSITORY = `${NAMESPACE}/repos/{repo}` as const;

/** The result of an answer; throws the refusal that it may be. */
export async function result<T>(answer: Promise<Parameters<typeof page<T>>[0]>): Promise<T> {
  return page(await answer).result;
}

/** Waits for an answer that says nothing; throws the refusal that it may be. */
export async function done(answer: Promise<Parameters<typeof page<null>>[0]>): Promise<void> {
  const { error, response } = await answer;
  if (!response.ok) throw new Refusal(response.status, error?.errors?.[0]);
}

/** Parameters of a query without those that are empty. */
export function given<T extends Record<string, string | number | boolean | undefined>>(query: T): Partial<T> {
  return Object.fromEntries(Object.entries(query).filter(([, value]) => value !== "" && value !== undefined)) as Partial<T>;
}

/** Where something belongs: to a repository, or to its namespace if no repository is named. */
export interface Owner {
  namespace: string;
  repo: string;
}

/** The route of a repository's `rest`, or of its namespace's: both ask and answer alike. */
export function routeOf<Rest extends string>({ repo }: Owner, rest: Rest) {
  return `${repo ? REPOSITORY : NAMESPACE}${rest}` as `${typeof REPOSITORY}${Rest}`;
}

/** The parameters of that route. */
export const pathOf = ({ namespace, repo }: Owner) => ({ namespace, repo });

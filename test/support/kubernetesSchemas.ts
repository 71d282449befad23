/**
 * Manifests against the schemas of Kubernetes, as strictly as a server with field validation is: types, required fields,
 * and fields that there are not.
 *
 * The schemas are functions that ask for each field that they know. What a manifest has and they never ask for is a field
 * that Kubernetes does not know, so the manifest that they get watches what is asked.
 */
import type { Manifest } from "./Manifests.ts"

interface Problem {
  readonly instancePath: string
  readonly message?: string | undefined
  readonly keyword: string
}
interface Validate {
  (data: unknown): boolean
  errors?: ReadonlyArray<Problem> | null
}

/** The package that has the schema of each API group in use. */
const groups: Readonly<Record<string, string>> = {
  v1: "CoreV1",
  "apps/v1": "AppsV1",
  "autoscaling/v2": "AutoscalingV2",
  "batch/v1": "BatchV1",
  "networking.k8s.io/v1": "NetworkingV1",
  "policy/v1": "PolicyV1"
}

const isValidator = (module: unknown): module is { readonly validate: Validate } =>
  typeof module === "object" && module !== null && "validate" in module && typeof module.validate === "function"

const schemaOf = async ({ apiVersion, kind }: Manifest): Promise<Validate | undefined> => {
  const group = groups[apiVersion]
  if (group === undefined) return undefined
  const module: unknown = await import(`kubernetes-models/_schemas/IoK8sApi${group}${kind}`)
  return isValidator(module) ? module.validate : undefined
}

interface Watched {
  readonly path: string
  readonly target: object
  readonly asked: Set<string>
}

const watch = (value: object, path: string, all: Array<Watched>): object => {
  const asked = new Set<string>()
  const inner = new Map<string, object>()
  all.push({ path, target: value, asked })
  return new Proxy(value, {
    get: (target, key) => {
      const found: unknown = Reflect.get(target, key)
      if (typeof key !== "string") return found
      asked.add(key)
      if (typeof found !== "object" || found === null) return found
      const known = inner.get(key) ?? watch(found, `${path}/${key}`, all)
      inner.set(key, known)
      return known
    }
  })
}

/** What Kubernetes would say against the manifest, in sentences. */
export const problemsOf = async (manifest: Manifest): Promise<ReadonlyArray<string>> => {
  const validate = await schemaOf(manifest)
  const name = `${manifest.kind} ${manifest.metadata.name}`
  if (validate === undefined) return [`${name}: there is no schema of ${manifest.apiVersion}/${manifest.kind}`]
  const all: Array<Watched> = []
  const isValid = validate(watch(manifest, "", all))
  const wrong = isValid
    ? []
    : (validate.errors ?? []).map(({ instancePath, keyword, message }) =>
      `${name}: ${instancePath} ${message ?? `does not have its ${keyword}`}`
    )
  const unknown = all.flatMap(({ asked, path, target }) =>
    Array.isArray(target)
      ? []
      : Object.keys(target).filter((key) => !asked.has(key)).map((key) => `${name}: there is no field ${path}/${key}`)
  )
  return [...wrong, ...unknown]
}

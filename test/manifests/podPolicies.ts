/** What every pod must be: after Pod Security "restricted" and what reviewers of manifests look for, in sentences. */
import {
  allContainersOf,
  at,
  containersOf,
  isRecord,
  listAt,
  type Manifest,
  templateOf,
  textAt,
  type Value
} from "../support/Manifests.ts"

const ofPod = (manifest: Manifest): ReadonlyArray<string> => {
  const pod = at(templateOf(manifest), "spec")
  const wanted: ReadonlyArray<readonly [string, boolean]> = [
    ["must run as another user than root", at(pod, "securityContext.runAsNonRoot") === true],
    ["must name its user", typeof at(pod, "securityContext.runAsUser") === "number"],
    ["must filter system calls", at(pod, "securityContext.seccompProfile.type") === "RuntimeDefault"],
    ["must not get variables of other Services", at(pod, "enableServiceLinks") === false],
    ["must not get a token of the cluster", at(pod, "automountServiceAccountToken") === false],
    ["must have an account of its own", at(pod, "serviceAccountName") === manifest.metadata.name],
    ["must not see the node", !["hostNetwork", "hostPID", "hostIPC"].some((key) => at(pod, key) === true)],
    [
      "must have no volume of the node",
      listAt(pod, "volumes").every((volume) => isRecord(volume) && !("hostPath" in volume))
    ],
    [
      "must bound what it may write",
      listAt(pod, "volumes").every((volume) =>
        !isRecord(volume) || !("emptyDir" in volume) || at(volume, "emptyDir.sizeLimit") !== undefined
      )
    ]
  ]
  return wanted.flatMap(([must, holds]) => holds ? [] : [must])
}

const looksSecret = /PASS|TOKEN|KEY|SECRET|_URL$|_URI$/u
/** Addresses without anybody's credentials. */
const isPlainAddress = (value: string) => !value.includes("@")

const ofContainer = (container: Value): ReadonlyArray<string> => {
  const image = textAt(container, "image")
  const env = listAt(container, "env")
  const amounts = ["cpu", "memory", "ephemeral-storage"]
  const wanted: ReadonlyArray<readonly [string, boolean]> = [
    ["must not gain rights", at(container, "securityContext.allowPrivilegeEscalation") === false],
    ["must have no capability", JSON.stringify(at(container, "securityContext.capabilities")) === `{"drop":["ALL"]}`],
    ["must not write to its image", at(container, "securityContext.readOnlyRootFilesystem") === true],
    ["must not be privileged", at(container, "securityContext.privileged") !== true],
    ["must pin its image", /:v?\d+\.\d+[\w.-]*$|@sha256:[0-9a-f]{64}$/u.test(image)],
    ...amounts.flatMap((amount): ReadonlyArray<readonly [string, boolean]> => [
      [`must request ${amount}`, at(container, `resources.requests.${amount}`) !== undefined],
      [`must bound ${amount}`, at(container, `resources.limits.${amount}`) !== undefined]
    ]),
    [
      "must take what is secret from a Secret",
      env.every((each) =>
        !looksSecret.test(textAt(each, "name")) || at(each, "value") === undefined ||
        isPlainAddress(textAt(each, "value"))
          && !/PASS|TOKEN|KEY|SECRET/u.test(textAt(each, "name"))
      )
    ]
  ]
  return wanted.flatMap(([must, holds]) => holds ? [] : [must])
}

const probesOf = (container: Value): ReadonlyArray<string> => {
  const [startup, readiness, liveness] = ["startupProbe", "readinessProbe", "livenessProbe"].map((probe) =>
    at(container, probe)
  )
  const missing = [
    ...(startup === undefined ? ["must have a start-up probe"] : []),
    ...(readiness === undefined ? ["must have a readiness probe"] : []),
    ...(liveness === undefined ? ["must have a liveness probe"] : [])
  ]
  return at(liveness, "httpGet.path") === "/readyz"
    ? [...missing, "must not be killed because something that it depends on is down"]
    : missing
}

/** What is wrong with the workload; nothing, if nothing is. */
export const violationsOf = (manifest: Manifest): ReadonlyArray<string> =>
  [
    ...ofPod(manifest),
    ...allContainersOf(manifest).flatMap((container) =>
      ofContainer(container).map((must) => `${textAt(container, "name")} ${must}`)
    ),
    ...(manifest.kind === "Job" ? [] : containersOf(manifest).flatMap(probesOf))
  ].map((must) => `${manifest.kind} ${manifest.metadata.name}: ${must}`)

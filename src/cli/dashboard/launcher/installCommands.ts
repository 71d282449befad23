/** The command that installs or starts a tool, by the system that this is. */
import type { PrerequisiteName } from "./Prerequisite.ts"

export const packageManagers = ["apt", "dnf", "pacman", "brew", "winget"] as const
export type PackageManager = typeof packageManagers[number]

export interface System {
  readonly manager: PackageManager | undefined
  /** Whether commands that change the system need `sudo` before them. */
  readonly needsSudo: boolean
  /** Whether services are started by systemd. */
  readonly hasSystemd: boolean
}

/** ID and ID_LIKE of /etc/os-release, by which manager they install: https://www.freedesktop.org/software/systemd/man/os-release.html */
const families: ReadonlyArray<readonly [PackageManager, RegExp]> = [
  ["apt", /\b(debian|ubuntu)\b/u],
  ["dnf", /\b(fedora|rhel|centos)\b/u],
  ["pacman", /\barch\b/u]
]

/** `osRelease`: text of /etc/os-release, empty where there is none. */
export const managerOf = (platform: string, osRelease: string): PackageManager | undefined => {
  if (platform === "darwin") return "brew"
  if (platform === "win32") return "winget"
  const ids = [...osRelease.matchAll(/^ID(?:_LIKE)?=(.*)$/gmu)].map(([, value = ""]) => value.replaceAll("\"", ""))
    .join(" ")
  return families.find(([, pattern]) => pattern.test(ids))?.[0]
}

type Packages = Partial<Record<PrerequisiteName, string>>

/** Names of packages. What a manager does not have is absent, and the place to look is told instead. */
const packages: Readonly<Record<PackageManager, Packages>> = {
  apt: { docker: "docker.io", node: "nodejs" },
  dnf: { docker: "moby-engine", kubectl: "kubernetes-client", node: "nodejs" },
  pacman: { docker: "docker", kubectl: "kubectl", kind: "kind", node: "nodejs" },
  brew: { docker: "docker", kubectl: "kubectl", kind: "kind", node: "node@24" },
  winget: {
    docker: "Docker.DockerDesktop",
    kubectl: "Kubernetes.kubectl",
    kind: "Kubernetes.kind",
    node: "OpenJS.NodeJS.LTS"
  }
}

const install: Readonly<Record<PackageManager, (name: string) => ReadonlyArray<string>>> = {
  apt: (name) => ["apt-get", "install", "-y", name],
  dnf: (name) => ["dnf", "install", "-y", name],
  pacman: (name) => ["pacman", "-S", "--noconfirm", name],
  brew: (name) => ["brew", "install", name],
  winget: (name) => ["winget", "install", "--exact", "--id", name]
}

const asRoot = (system: System, command: ReadonlyArray<string>): ReadonlyArray<string> =>
  system.needsSudo && system.manager !== "brew" && system.manager !== "winget" ? ["sudo", ...command] : command

/** Where a tool comes from when the package manager does not have it. */
export const homePages: Readonly<Record<PrerequisiteName, string>> = {
  node: "https://nodejs.org/en/download",
  docker: "https://docs.docker.com/engine/install/",
  "docker engine": "https://docs.docker.com/engine/daemon/start/",
  kubectl: "https://kubernetes.io/docs/tasks/tools/",
  kind: "https://kind.sigs.k8s.io/docs/user/quick-start/#installation"
}

export const installCommand = (system: System, tool: PrerequisiteName): ReadonlyArray<string> | undefined => {
  if (system.manager === undefined) return undefined
  const name = packages[system.manager][tool]
  return name === undefined ? undefined : asRoot(system, install[system.manager](name))
}

/** Starts the Docker engine. */
export const engineCommand = (system: System): ReadonlyArray<string> | undefined => {
  if (system.manager === "brew") return ["open", "-a", "Docker"]
  if (system.manager === undefined || system.manager === "winget") return undefined
  return asRoot(system, system.hasSystemd ? ["systemctl", "start", "docker"] : ["service", "docker", "start"])
}

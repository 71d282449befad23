/** The command that installs, starts or opens a tool, by the system that this is. */
import type { PrerequisiteName } from "./Prerequisite.ts"

export const packageManagers = ["apt", "dnf", "pacman", "brew", "winget"] as const
export type PackageManager = typeof packageManagers[number]

export interface System {
  readonly manager: PackageManager | undefined
  /** Whether commands that change the system need `sudo` before them. */
  readonly needsSudo: boolean
  /** Whether services are started by systemd. */
  readonly hasSystemd: boolean
  /** Who runs this; undefined where the system has no name for them. */
  readonly user: string | undefined
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

/** Arguments of the manager by tool; absent is what it does not have, or too old to speak with today's clusters. */
const packages: Readonly<Record<PackageManager, Partial<Record<PrerequisiteName, ReadonlyArray<string>>>>> = {
  apt: { docker: ["docker.io"] },
  dnf: { docker: ["moby-engine"], kubectl: ["kubernetes-client"] },
  pacman: { docker: ["docker"], kubectl: ["kubectl"], kind: ["kind"] },
  brew: { docker: ["--cask", "docker-desktop"], kubectl: ["kubectl"], kind: ["kind"] },
  winget: { docker: ["Docker.DockerDesktop"], kubectl: ["Kubernetes.kubectl"], kind: ["Kubernetes.kind"] }
}

const install: Readonly<Record<PackageManager, ReadonlyArray<string>>> = {
  apt: ["apt-get", "install", "-y"],
  dnf: ["dnf", "install", "-y"],
  pacman: ["pacman", "-S", "--noconfirm"],
  brew: ["brew", "install"],
  winget: ["winget", "install", "--exact", "--id"]
}

const isLinux = ({ manager }: System): boolean => manager === "apt" || manager === "dnf" || manager === "pacman"

const asRoot = (system: System, command: ReadonlyArray<string>): ReadonlyArray<string> =>
  system.needsSudo && isLinux(system) ? ["sudo", ...command] : command

/** Where a tool comes from when there is no command for it. */
export const homePages: Readonly<Record<PrerequisiteName, string>> = {
  docker: "https://docs.docker.com/engine/install/",
  "docker engine": "https://docs.docker.com/engine/daemon/start/",
  kubectl: "https://kubernetes.io/docs/tasks/tools/",
  kind: "https://kind.sigs.k8s.io/docs/user/quick-start/#installation"
}

/** From the package manager, where it has the tool. */
export const installCommand = (system: System, tool: PrerequisiteName): ReadonlyArray<string> | undefined => {
  const names = system.manager === undefined ? undefined : packages[system.manager][tool]
  return system.manager === undefined || names === undefined
    ? undefined
    : asRoot(system, [...install[system.manager], ...names])
}

/** Starts the Docker engine. */
export const engineCommand = (system: System): ReadonlyArray<string> | undefined => {
  if (system.manager === "brew") return ["open", "-a", "Docker"]
  if (!isLinux(system)) return undefined
  return asRoot(system, system.hasSystemd ? ["systemctl", "start", "docker"] : ["service", "docker", "start"])
}

/** Lets this user use the Docker engine, from the next login on. */
export const admissionCommand = (system: System): ReadonlyArray<string> | undefined =>
  isLinux(system) && system.user !== undefined
    ? asRoot(system, ["usermod", "-aG", "docker", system.user])
    : undefined

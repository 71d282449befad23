/** A package with manifests as small as they can be, and programs for images. */
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"

const root = join(import.meta.dirname, "../../..")

const job = `apiVersion: batch/v1
kind: Job
metadata: { name: migrate }
spec:
  template:
    spec:
      restartPolicy: Never
      containers: [{ name: migrate, image: oddessentials/odto-gateway:0.0.0 }]
`
const deployment = `apiVersion: apps/v1
kind: Deployment
metadata: { name: processor }
spec:
  selector: { matchLabels: { app: processor } }
  template:
    metadata: { labels: { app: processor } }
    spec:
      containers: [{ name: processor, image: oddessentials/odto-processor:0.0.0 }]
`
const kind = `# The cluster on a machine for development.
kind: Cluster
apiVersion: kind.x-k8s.io/v1alpha4
name: odto
nodes:
  - role: control-plane
    image: kindest/node:v1.34.0@sha256:0000
    extraPortMappings:
${
  [[30000, 3000], [30080, 8080], [31672, 15672], [30002, 3002], [30090, 9090], [30081, 8081]].map(([inside, here]) =>
    `      - containerPort: ${inside}\n        hostPort: ${here}\n        listenAddress: 127.0.0.1\n`
  ).join("")
}`

const files: Readonly<Record<string, string>> = {
  "manifests/kind.yaml": kind,
  "manifests/Dockerfile": "FROM scratch\n",
  "manifests/docker-bake.hcl": "",
  "manifests/base/kustomization.yaml": "namespace: odto\nresources: [job.yaml, deployment.yaml]\n",
  "manifests/base/job.yaml": job,
  "manifests/base/deployment.yaml": deployment,
  "manifests/overlays/kind/kustomization.yaml": "resources: [../../base]\n",
  "manifests/overlays/minimal/kustomization.yaml": "resources: [../../base]\n",
  "dist/image/package.json": "{}\n",
  "dist/image/cli.mjs": "process.exit(0)\n"
}

/** Only what a start of a cluster reads. */
export const writePackage = (folder: string): void => {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
}

/** The built program, installed in a folder of its own, with those manifests. */
export const installPackage = (folder: string): string => {
  mkdirSync(folder, { recursive: true })
  for (const name of ["bin", "dist", "package.json"]) cpSync(join(root, name), join(folder, name), { recursive: true })
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"))
  writePackage(folder)
  return join(folder, "bin", "odd-dashboard.mjs")
}

export const version: string = JSON.parse(readFileSync(join(root, "package.json"), "utf8")).version

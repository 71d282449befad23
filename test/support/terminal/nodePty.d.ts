/** The prebuilt package declares its types under its own name only; it is installed as `node-pty`. */
declare module "node-pty" {
  export * from "@lydell/node-pty"
}

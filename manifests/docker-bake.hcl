# All images in parallel, from the root of the repository or of the installed package:
#
#   docker buildx bake -f manifests/docker-bake.hcl
#   PROGRAMS=packed docker buildx bake -f manifests/docker-bake.hcl
#
# odto-web-pty-server and odto-web-ui, the programs of the web terminal, get their targets here when there are such programs.

# As in package.json; a test compares them.
variable "VERSION" {
  default = "0.1.0"
}

# What the programs are made of, as a hash: the second tag of each image. Empty: no second tag.
variable "CONTENT" {
  default = ""
}

# "built": compiled from the sources. "packed": taken from dist/image.
variable "PROGRAMS" {
  default = "built"
}

variable "REPOSITORY" {
  default = "oddessentials"
}

group "default" {
  targets = ["program"]
}

target "program" {
  name       = "odto-${program}"
  matrix     = { program = ["gateway", "dispatcher", "processor", "metrics-engine", "read-model"] }
  context    = "."
  dockerfile = "manifests/Dockerfile"
  target     = "odto-${program}"
  args       = { PROGRAMS = PROGRAMS, VERSION = VERSION }
  tags = concat(
    ["${REPOSITORY}/odto-${program}:${VERSION}"],
    CONTENT == "" ? [] : ["${REPOSITORY}/odto-${program}:${VERSION}-${CONTENT}"]
  )
}

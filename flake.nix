{
  description = "Distributed Task Observatory: runs background jobs across many processes and shows what happened to every one of them";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";

  outputs = { self, nixpkgs }:
    let
      systems = [ "x86_64-linux" "aarch64-linux" "aarch64-darwin" ];
      forEach = make: nixpkgs.lib.genAttrs systems (system: make nixpkgs.legacyPackages.${system});
    in
    {
      # `nix develop`: what the tests and the commands use. No mongod: its licence keeps it out of what is built by default.
      devShells = forEach (pkgs: {
        default = pkgs.mkShell {
          packages = [
            pkgs.nodejs_24
            pkgs.kubectl
            pkgs.kustomize
            pkgs.kind
            pkgs.docker-client
            pkgs.docker-buildx
            pkgs.postgresql_15
            pkgs.rabbitmq-server
            pkgs.redis
            pkgs.prometheus
            pkgs.prometheus.cli # promtool
            pkgs.prometheus-alertmanager
          ] ++ pkgs.lib.optionals pkgs.stdenv.hostPlatform.isLinux [ pkgs.chromium ];
        };
      });

      # `nix run . -- submit demo.noop`: from a clone, in which it installs the packages of the lock file when they are missing.
      apps = forEach (pkgs: {
        default = {
          type = "app";
          program = "${pkgs.writeShellApplication {
            name = "odd-dashboard";
            runtimeInputs = [ pkgs.nodejs_24 ];
            text = ''
              if [ ! -f package.json ] || [ ! -f bin/odd-dashboard.mjs ]; then
                echo "odd-dashboard: run this in a clone of the repository" >&2
                exit 64
              fi
              [ -d node_modules ] || npm ci --no-audit --no-fund >&2
              exec node bin/odd-dashboard.mjs "$@"
            '';
          }}/bin/odd-dashboard";
        };
      });
    };
}

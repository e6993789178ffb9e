# Sourced by ./lst after eng/build.sh: what a fresh machine lacks.

debian_packages=(chromium jupyter-notebook jupyter-nbconvert jupyter-client python3-nbformat)
restored=$root/src/LST.Cli/obj/lst.tool

# The pinned .NET Interactive tool: the Jupyter kernel.
restore_tool() {
  local wanted
  wanted=$(cksum <"$root/.config/dotnet-tools.json")
  if [[ -f $restored && $(<"$restored") == "$wanted" ]]; then return; fi
  require_sdk
  local log
  if log=$(cd "$root" && "$dotnet" tool restore 2>&1 </dev/null); then
    mkdir -p "$(dirname "$restored")"
    printf '%s\n' "$wanted" >"$restored"
  else
    printf '%s\n' "$log" >&2
    echo "lst: the .NET Interactive tool of .config/dotnet-tools.json could not be restored; Jupyter kernels are missing until ./lst setup succeeds" >&2
  fi
}

find_browser() { command -v chromium || command -v chromium-browser || command -v google-chrome; }

# install_packages NAME...: on Debian and its children, as root; a failure is a note, since only PNGs and Jupyter need them.
install_packages() {
  local missing=() package
  for package in "$@"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  if [[ ${#missing[@]} -eq 0 ]]; then return; fi
  local log
  # The lists of a fresh machine may be empty or old: install at once if they will do, else update them first.
  if ! log=$(export DEBIAN_FRONTEND=noninteractive
             install=(timeout 1200 apt-get install -y -q --no-install-recommends "${missing[@]}")
             "${install[@]}" </dev/null 2>&1 || { timeout 300 apt-get update -q </dev/null 2>&1 && "${install[@]}" </dev/null 2>&1; }); then
    printf '%s\n' "$log" | tail -n 5 >&2
    echo "lst: could not install ${missing[*]}; what needs them will be skipped and say so" >&2
  fi
}

can_install() { command -v apt-get >/dev/null && command -v dpkg-query >/dev/null && [[ $(id -u) -eq 0 ]]; }

install_browser() {
  if find_browser >/dev/null; then return; fi
  if can_install; then install_packages chromium; else echo "lst: no Chromium on the PATH: figures get no PNG until it is installed" >&2; fi
}

setup() {
  local torch choice=$root/Directory.Build.local.props
  while [[ $# -gt 0 ]]; do
    case $1 in
      --torch) torch=${2-}; shift ;;
      --torch=* | -p:Torch=*) torch=${1#*=} ;;
      *) echo "lst setup: takes only --torch cpu, cuda-linux or cuda-windows, found '$1'" >&2; exit 2 ;;
    esac
    shift || break
  done
  require_sdk
  if [[ -n ${torch+set} ]]; then choose_torch "$torch"; fi
  if can_install; then install_packages "${debian_packages[@]}"; else install_browser; fi
  restore_tool
  build_when_stale
  echo "ready: $cli"
  exit 0
}

# Remembered in a file that every build reads and git ignores, so that ./lst, an editor and a test agree; forgotten if it does not build.
choose_torch() {
  case $1 in
    cpu) rm -f "$choice" ;;
    cuda-linux | cuda-windows)
      echo "<Project><PropertyGroup><Torch>$1</Torch></PropertyGroup></Project>" >"$choice"
      if ! (build_when_stale); then
        rm -f "$choice"
        echo "lst setup: TorchSharp-$1 could not be restored or built, so the choice is cpu again" >&2
        exit 1
      fi
      ;;
    *) echo "lst setup: --torch must be cpu, cuda-linux or cuda-windows, found '$1'" >&2; exit 2 ;;
  esac
}

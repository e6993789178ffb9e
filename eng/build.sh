# Sourced by ./lst with $root set: finds dotnet, builds the command line when a source changed. No output unless something fails.

cli=$root/src/LST.Cli/bin/Release/net10.0/lst.dll
stamp=$root/src/LST.Cli/obj/lst.stamp
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
export DOTNET_INTERACTIVE_CLI_TELEMETRY_OPTOUT=1 DOTNET_INTERACTIVE_SKIP_FIRST_TIME_EXPERIENCE=1

dotnet=dotnet
for candidate in dotnet "${DOTNET_ROOT:-/nowhere}/dotnet" "${HOME:-/nowhere}/.dotnet/dotnet" /usr/share/dotnet/dotnet /usr/lib/dotnet/dotnet; do
  if command -v "$candidate" >/dev/null 2>&1; then dotnet=$candidate; break; fi
done

require_sdk() {
  # In the root, where global.json asks for version 10.
  if ! version=$(cd "$root" && "$dotnet" --version 2>/dev/null) || [[ $version != 10.* ]]; then
    echo "lst: the .NET SDK 10 is the one thing to install first, and it was not found: get it from https://dotnet.microsoft.com/download/dotnet/10.0" >&2
    exit 1
  fi
}

# Every source by path, size and time, so that deleted files and files set back in time count as changes too.
fingerprint() {
  local files=("$root"/src "$root"/eng "$root"/global.json "$root"/Directory.*)
  local skip=(-name bin -o -name obj)
  if [[ $OSTYPE == darwin* ]]; then
    find "${files[@]}" \( "${skip[@]}" \) -prune -o -type f -exec stat -f '%N %z %m' {} + | LC_ALL=C sort | cksum
  else
    find "${files[@]}" \( "${skip[@]}" \) -prune -o -type f -printf '%p %s %T@\n' | LC_ALL=C sort | cksum
  fi
}

is_fresh() { [[ -f $cli && -f $stamp && $(<"$stamp") == "$1" ]]; }

# One build at a time; whoever waited sees the finished one. (macOS has no flock: there, do not start two at once after a change.)
lock_build() {
  mkdir -p "$(dirname "$stamp")"
  exec 9>"$root/src/LST.Cli/obj/lst.lock"
  if command -v flock >/dev/null; then flock 9; fi
}

unlock_build() { exec 9>&-; }

# build WHAT FINGERPRINT: the stamp tells the state at the start, so an edit during the build is seen by the next command.
build() {
  require_sdk
  local log=$root/src/LST.Cli/obj/lst.log
  rm -f "$stamp"
  if [[ -t 2 ]]; then printf 'building ...\r' >&2; fi
  # 9>&-: the compiler server lives on after the build and must not keep the lock.
  if ! "$dotnet" build "$1" -c Release -v quiet -nologo >"$log" 2>&1 9>&- </dev/null; then
    { grep -E 'error|MSBUILD' "$log" || cat "$log"; } | sort -u >&2
    echo "lst: the build failed; the lines above say where, the whole log is $log" >&2
    exit 1
  fi
  if [[ -t 2 ]]; then printf '            \r' >&2; fi
  printf '%s\n' "$2" >"$stamp"
}

build_when_stale() {
  local now
  now=$(fingerprint)
  if is_fresh "$now"; then return; fi
  lock_build
  now=$(fingerprint)
  is_fresh "$now" || build "$root/src/LST.Cli" "$now"
  unlock_build
}

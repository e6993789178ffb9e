# Sourced by ./lst after eng/build.sh: builds everything once, runs each test project, adds up.

run_tests() {
  local slow=no chosen=() argument
  for argument in "$@"; do
    case $argument in
      --slow) slow=yes ;;
      -*) echo "lst test: takes --slow and parts of project names (Core, Evaluation, ...), found '$argument'" >&2; exit 2 ;;
      *) chosen+=("$argument") ;;
    esac
  done

  local projects=() project part
  for project in "$root"/tests/*.Tests; do
    for part in "${chosen[@]:-}"; do
      if [[ $(basename "$project") == *"$part"* ]]; then projects+=("$(basename "$project")"); break; fi
    done
  done
  if [[ ${#projects[@]} -eq 0 ]]; then
    echo "lst test: no project under tests/ has a name with ${chosen[*]} in it" >&2
    exit 2
  fi

  lock_build
  build "$root/LST.Workbench.sln" "$(fingerprint)"
  unlock_build

  local filter=(-trait- Category=slow)
  if [[ $slow == yes ]]; then filter=(); fi
  local passed=0 failed=0 skipped=0
  local log
  log=$(mktemp)
  trap 'rm -f "$log"' EXIT
  for project in "${projects[@]}"; do run_project "$project"; done

  echo "$skipped skipped"
  echo "$passed passed, $failed failed"
  if [[ $failed -gt 0 || $passed -eq 0 ]]; then exit 1; fi
  exit 0
}

# Adds one project's counts to passed, failed and skipped. A runner that ends without its summary, or with an error but no failed test, is one failure.
run_project() {
  local runner=$root/tests/$1/bin/Release/net10.0/$1.dll code=0 summary
  echo "== $1"
  (cd "$root" && limited "${LST_TEST_MINUTES:-30}" "$dotnet" "$runner" -noLogo -noColor -noAutoReporters ${filter[@]+"${filter[@]}"} </dev/null 2>&1) \
    | tee "$log" || code=${PIPESTATUS[0]}
  summary=$(grep -E "^ *$1 +Total: [0-9]+" "$log" | tail -n 1) || summary=
  if [[ $summary =~ Total:\ ([0-9]+),\ Errors:\ ([0-9]+),\ Failed:\ ([0-9]+),\ Skipped:\ ([0-9]+),\ Not\ Run:\ ([0-9]+) ]]; then
    local total=${BASH_REMATCH[1]} errors=${BASH_REMATCH[2]} bad=${BASH_REMATCH[3]} left=${BASH_REMATCH[4]} unrun=${BASH_REMATCH[5]}
    passed=$((passed + total - bad - left - unrun))
    skipped=$((skipped + left))
    failed=$((failed + bad + errors))
    if [[ $code -ne 0 && $bad -eq 0 && $errors -eq 0 && $total -gt 0 ]]; then
      echo "$1: the runner ended with exit code $code although no test failed"
      failed=$((failed + 1))
    fi
  elif [[ $summary =~ Total:\ 0$ && $code -eq 0 ]]; then
    echo "$1 has no tests"
  else
    echo "$1: the runner ended with exit code $code and no summary (124 or 137: it ran longer than ${LST_TEST_MINUTES:-30} minutes)"
    failed=$((failed + 1))
  fi
}

# limited MINUTES COMMAND...: ends the command when the time is over, where the system can (macOS has no timeout).
limited() {
  local minutes=$1
  shift
  if command -v timeout >/dev/null; then timeout --foreground --kill-after=30 "${minutes}m" "$@"; else "$@"; fi
}

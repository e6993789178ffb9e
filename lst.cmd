@echo off
rem The counterpart of ./lst: builds the command line (quick when nothing changed), then hands over to it.
setlocal
set DOTNET_CLI_TELEMETRY_OPTOUT=1
set DOTNET_NOLOGO=1
set DOTNET_INTERACTIVE_CLI_TELEMETRY_OPTOUT=1
set DOTNET_INTERACTIVE_SKIP_FIRST_TIME_EXPERIENCE=1
set "ROOT=%~dp0"

where dotnet >nul 2>nul
if errorlevel 1 (
  echo lst: the .NET SDK 10 is the one thing to install first, and it was not found: get it from https://dotnet.microsoft.com/download/dotnet/10.0 1>&2
  exit /b 1
)

if /i "%~1"=="test" (
  pushd "%ROOT%"
  dotnet test -c Release -- --filter-not-trait Category=slow
  goto :done
)

set "LOG=%TEMP%\lst-build-%RANDOM%.log"
dotnet build "%ROOT%src\LST.Cli" -c Release -v quiet -nologo >"%LOG%" 2>&1
if errorlevel 1 (
  type "%LOG%" 1>&2
  echo lst: the build failed; the lines above say where 1>&2
  exit /b 1
)
del "%LOG%" >nul 2>nul

if /i "%~1"=="setup" (
  pushd "%ROOT%"
  dotnet tool restore
  goto :done
)
if /i "%~1"=="notebook" (
  pushd "%ROOT%"
  dotnet tool restore >nul
  popd
)

dotnet "%ROOT%src\LST.Cli\bin\Release\net10.0\lst.dll" %*
exit /b %ERRORLEVEL%

:done
set CODE=%ERRORLEVEL%
popd
exit /b %CODE%

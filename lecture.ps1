# The command `lecture` from a checkout, for PowerShell: builds .venv once, then runs. See docs/installing.md.
Set-StrictMode -Version 3

$here = $PSScriptRoot
$venv = Join-Path $here '.venv'
$onWindows = [System.Environment]::OSVersion.Platform -eq 'Win32NT'
$bin = Join-Path $venv $(if ($onWindows) { 'Scripts' } else { 'bin' })
$python = Join-Path $bin 'python'
$log = Join-Path $venv 'install.log'
$unavailable = 69 # EX_UNAVAILABLE of sysexits.h, as of the shell script

function Say([string] $line) { [Console]::Error.WriteLine("lecture: $line") }

# The first Python that is new enough, with its arguments; nothing where there is none.
function Find-Python {
    $candidates = @(@('py', '-3'), @('python3'), @('python'))
    if ($env:PYTHON) { $candidates = @(, @($env:PYTHON)) + $candidates }
    foreach ($candidate in $candidates) {
        if (-not (Get-Command $candidate[0] -ErrorAction SilentlyContinue)) { continue }
        $before = @($candidate | Select-Object -Skip 1)
        try { & $candidate[0] @before -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' *> $null } catch { continue }
        if ($LASTEXITCODE -eq 0) { return , $candidate }
    }
    return $null
}

# Runs pip; its whole output goes to the log. Nothing is compiled ahead: half of the time would go into modules that nobody imports.
function Install([string] $what) {
    & $python -m pip install --no-compile --disable-pip-version-check --progress-bar off -e $what *> $log
    if ($LASTEXITCODE -eq 0) { return }
    Say "the installation failed; the last lines of ${log}:"
    Get-Content $log -Tail 5 | ForEach-Object { [Console]::Error.WriteLine($_) }
    exit $unavailable
}

# The stamp is written last: a build that was interrupted has none, and is redone.
function Build([string] $extras, [string] $name) {
    $stamp = Join-Path $venv $name
    $sum = "$((Get-FileHash (Join-Path $here 'pyproject.toml')).Hash) $here"
    if ((Test-Path $stamp) -and ((Get-Content $stamp -Raw).Trim() -eq $sum)) { return }
    if (-not (Test-Path (Join-Path $venv 'pyvenv.cfg'))) {
        $found = Find-Python
        if (-not $found) {
            Say 'Python 3.11 or newer is missing. Please run, then try again:'
            [Console]::Error.WriteLine($(if ($onWindows) { '  winget install Python.Python.3.13' } else { '  (your package manager) install python3' }))
            exit $unavailable
        }
        $before = @($found | Select-Object -Skip 1)
        Say 'building .venv, once; this takes a minute or a few'
        & $found[0] @before -m venv $venv
        if ($LASTEXITCODE -ne 0) { Say "Python could not make $venv"; exit $unavailable }
    } else {
        Say 'bringing .venv up to date'
    }
    if (Test-Path $stamp) { Remove-Item $stamp }
    Install "$here$extras"
    Set-Content -Path $stamp -Value $sum
}

Build '[drawing,models]' 'stamp'
$isHelp = @($args | Where-Object { $_ -in '-h', '--help' }).Count -gt 0
if ($args.Count -gt 0 -and $args[0] -eq 'test' -and -not $isHelp) { Build '[drawing,models,dev]' 'stamp-dev' }
& (Join-Path $bin 'lecture') @args
exit $LASTEXITCODE

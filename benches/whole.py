#!/usr/bin/env python3
"""The whole command against the decompression floor and against DuckDB, in one run.

    cargo build --release
    python3 benches/whole.py ARCHIVE            # a folder with AWSLogs/ and truth.csv

Everything is run in turn, round by round, so that a slow moment of the machine hits all of it:

    floor        libdeflate-gzip -dc of every file, two processes, to /dev/null
    calls        ecr-incident calls --by minute,region,api,class over all days of the archive
    calls-hour   the same for one hour in the middle
    report       ecr-incident report --offline over all days, baseline one hour
    report-hour  the same for one hour in the middle
    duckdb       the same table from DuckDB, with distinct principals, the most frequent error
                 messages and sample request IDs for each cell; two threads

Wall is the time a person waits; CPU is user and system time of the process and its children; peak
is the largest resident set of one process, and never less than this script's own, about 20 MB,
because the system counts from before the command took over. Ratios are taken within a round, then the median of them
is printed. "Other work" is the share of the machine's processors that something else used: where
it is not near 0, only the CPU ratios mean anything, and even they are blurred.

Every answer of `calls` is compared with truth.csv (minute,region,event_name,class,count), and so is
DuckDB's. Exit code 1 when a cell of ours differs, 2 when the run is not possible.

Needs Python 3.9 on Linux (GNU xargs) and libdeflate-gzip (Debian: libdeflate-tools); DuckDB is left
out when `pip install duckdb` was not done.
"""

import argparse
import csv
import datetime
import hashlib
import importlib.util
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

# What the truth calls our classes; every class that is not here is one of the caller's errors.
CLASSES = {"success": "success", "throttle": "throttle", "server_error": "5xx"}
CALLERS_ERROR = "4xx"

# The same table for the peer: error codes of the two classes that are not the caller's.
THROTTLES = ["ThrottlingException", "Throttling", "TooManyRequestsException", "RequestLimitExceeded"]
FAULTS = [
    "ServerException",
    "InternalFailure",
    "InternalServerError",
    "InternalServerException",
    "InternalError",
    "ServiceUnavailable",
    "ServiceUnavailableException",
]
SERVICES = ["ecr.amazonaws.com", "ecr-public.amazonaws.com"]

# A weak opponent proves nothing. Without `records = true` DuckDB gives the same rows for seven times
# the CPU time; an object size of 64 MiB and `distinct on` were the cheapest of the ways tried.
PEER_SQL = """
with archive as (
    select unnest(Records) as r
    from read_json(
        $files, format = 'unstructured', records = true, maximum_object_size = 67108864, columns = {{
        'Records': 'STRUCT(
            eventID VARCHAR, eventTime VARCHAR, eventSource VARCHAR, eventName VARCHAR,
            awsRegion VARCHAR, errorCode VARCHAR, errorMessage VARCHAR, requestID VARCHAR,
            userIdentity STRUCT(arn VARCHAR, principalId VARCHAR, invokedBy VARCHAR))[]'
    }})
),
once as (
    select distinct on (r.eventID)
        r.eventTime[1:16] || 'Z' as minute,
        r.awsRegion as region,
        r.eventName as api,
        case
            when coalesce(r.errorCode, '') = '' then 'success'
            when r.errorCode in ({throttles}) then 'throttle'
            when r.errorCode in ({faults}) then '5xx'
            else '4xx'
        end as class,
        coalesce(r.userIdentity.arn, r.userIdentity.principalId, r.userIdentity.invokedBy) as who,
        r.errorMessage as message,
        r.requestID as request
    from archive
    where r.eventSource in ({services})
)
select
    minute, region, api, class,
    count(*) as calls,
    count(distinct who) as principals,
    approx_top_k(message, 3) filter (where message is not null) as messages,
    min(request, 3) as requests
from once
group by minute, region, api, class
"""


def main():
    arguments = parse()
    if arguments.as_duckdb:
        return duckdb_job(arguments.archive)
    archive = pathlib.Path(arguments.archive)
    tool = pathlib.Path(arguments.tool)
    problem = missing(archive, tool)
    if problem:
        print(problem, file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as scratch:
        return compare(arguments, archive, tool, pathlib.Path(scratch))


def parse():
    root = pathlib.Path(__file__).resolve().parent.parent
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("archive", help="folder with AWSLogs/ and truth.csv")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tool", default=root / "target/release/ecr-incident")
    parser.add_argument("--only", default="", help="names to run, by comma; the floor always runs")
    parser.add_argument("--as-duckdb", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def missing(archive, tool):
    """What prevents the run, in a sentence."""
    if not (archive / "AWSLogs").is_dir() or not (archive / "truth.csv").is_file():
        return f"{archive} has no AWSLogs/ and truth.csv: name the folder that holds both"
    if not tool.is_file():
        return f"{tool} does not exist: build it with `cargo build --release`, or name it with --tool"
    if not shutil.which("libdeflate-gzip"):
        return "libdeflate-gzip is missing (Debian: apt install libdeflate-tools): without the floor there is no ratio"
    return None


def compare(arguments, archive, tool, scratch):
    files = sorted(str(path) for path in (archive / "AWSLogs").rglob("*.json.gz"))
    listed = scratch / "files"
    listed.write_bytes(b"\0".join(os.fsencode(path) for path in files) + b"\0")
    first, last = days_of(archive / "truth.csv")
    middle = first + datetime.timedelta(hours=(last - first).total_seconds() // 7200)
    commands = commands_for(archive, tool, scratch, listed, (first, last), middle)
    if not importlib.util.find_spec("duckdb"):
        del commands["duckdb"]
        print("DuckDB is left out: `pip install duckdb` was not done", file=sys.stderr)
    only = {name for name in arguments.only.split(",") if name}
    commands = {name: c for name, c in commands.items() if not only or name in only | {"floor"}}

    size = sum(os.path.getsize(path) for path in files)  # Also warms the names.
    for path in files:
        pathlib.Path(path).read_bytes()  # From now on the page cache holds the archive.
    print(f"{len(files)} files, {size / 1e6:.1f} MB packed, {first:%Y-%m-%d} to {last:%Y-%m-%d}")
    results = {name: [] for name in commands}
    answers = {name: {} for name in commands}
    for number in range(1, arguments.rounds + 1):
        for name, command in commands.items():
            out = scratch / f"{name}.csv"
            result = run(command, out)
            results[name].append(result)
            report_folder = scratch / name
            if report_folder.is_dir():
                shutil.rmtree(report_folder)
            keep_answer(out, answers[name])
            print(f"round {number} {name:12} {told(result)}", file=sys.stderr, flush=True)
            if result["code"] != 0:
                errors = out.with_suffix(".err").read_text(errors="replace")
                print(f"{name} ended with code {result['code']}:\n{errors}", file=sys.stderr)
                return 2
    print_table(results)
    print_ratios(results)
    hour = (stamp(middle), stamp(middle + datetime.timedelta(hours=1)))
    return judge(answers, archive / "truth.csv", hour)


def commands_for(archive, tool, scratch, listed, days, middle):
    logs = str(archive / "AWSLogs")
    hour = (middle, middle + datetime.timedelta(hours=1))

    def ours(command, span, *more):
        return [
            str(tool), command, "--quiet", "--cloudtrail", logs,
            "--from", stamp(span[0]), "--to", stamp(span[1]), *more,
        ]  # fmt: skip

    def report(name, span):
        return ours("report", span, "--baseline", "1h", "--offline", "--out", str(scratch / name))

    by = ("--by", "minute,region,api,class")
    return {
        "floor": ["xargs", "-0", "-a", str(listed), "-P2", "-n64", "libdeflate-gzip", "-dc"],
        "calls": ours("calls", days, *by),
        "calls-hour": ours("calls", hour, *by),
        "report": report("report", days),
        "report-hour": report("report-hour", hour),
        "duckdb": [sys.executable, __file__, "--as-duckdb", str(archive)],
    }


def days_of(truth):
    """The whole days that hold every minute of the truth."""
    first, last = "9", ""
    with open(truth, newline="") as lines:
        next(lines)
        for line in lines:
            minute = line[:17]
            first, last = min(first, minute), max(last, minute)
    day = lambda minute: datetime.datetime.strptime(minute[:10], "%Y-%m-%d")
    return day(first), day(last) + datetime.timedelta(days=1)


def stamp(moment):
    return f"{moment:%Y-%m-%dT%H:%MZ}"


def run(command, out):
    """Runs a command to its end; the floor's output is thrown away, others' is kept."""
    is_floor = command[0] == "xargs"
    with open(os.devnull if is_floor else out, "wb") as stdout, open(
        out.with_suffix(".err"), "wb"
    ) as stderr:
        busy, begin = busy_seconds(), time.monotonic()
        process = subprocess.Popen(
            command, stdout=stdout, stderr=stderr, stdin=subprocess.DEVNULL
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
    cpu = usage.ru_utime + usage.ru_stime
    other = None
    if busy is not None:
        other = max(0.0, (busy_seconds() - busy - cpu) / (wall * os.cpu_count()))
    unit = 1 if sys.platform == "darwin" else 1024
    return {
        "wall": wall,
        "cpu": cpu,
        "peak": usage.ru_maxrss * unit / 1e6,
        "other": other,
        "code": process.returncode,
    }


def busy_seconds():
    """Processor time that the whole machine has spent, where the system tells."""
    try:
        with open("/proc/stat") as lines:
            ticks = [int(word) for word in next(lines).split()[1:9]]
    except OSError:
        return None
    idle, waiting = ticks[3], ticks[4]
    return (sum(ticks) - idle - waiting) / os.sysconf("SC_CLK_TCK")


def keep_answer(out, answers):
    """Keeps one copy of every different answer: the text itself stays on disk."""
    if not out.is_file():
        return
    digest = hashlib.sha256(out.read_bytes()).hexdigest()
    if digest not in answers:
        answers[digest] = out.rename(out.with_name(f"{out.stem}-{digest[:16]}.csv"))


def told(result):
    other = "unknown" if result["other"] is None else f"{result['other']:.0%}"
    return (
        f"wall {result['wall']:7.2f} s  cpu {result['cpu']:7.2f} s  "
        f"peak {result['peak']:6.0f} MB  other work {other}"
    )


def print_table(results):
    print("\n| command | wall s | min to max | CPU s | peak MB | other work |")
    print("|---|---|---|---|---|---|")
    for name, rounds in results.items():
        of = lambda field: statistics.median(result[field] for result in rounds)
        walls = [result["wall"] for result in rounds]
        other = "unknown" if rounds[0]["other"] is None else f"{of('other'):.0%}"
        print(
            f"| {name} | {of('wall'):.2f} | {min(walls):.2f} to {max(walls):.2f} "
            f"| {of('cpu'):.2f} | {of('peak'):.0f} | {other} |"
        )


def print_ratios(results):
    pairs = [
        ("calls", "floor", "cpu"),
        ("calls", "floor", "wall"),
        ("report", "floor", "cpu"),
        ("report", "floor", "wall"),
        ("calls-hour", "calls", "cpu"),
        ("report-hour", "report", "cpu"),
        ("duckdb", "floor", "cpu"),
        ("duckdb", "calls", "cpu"),
        ("duckdb", "calls", "wall"),
        ("duckdb", "report", "wall"),
    ]
    print("\n| ratio | median | min to max |")
    print("|---|---|---|")
    for one, other, field in pairs:
        if one in results and other in results:
            ratios = [a[field] / b[field] for a, b in zip(results[one], results[other])]
            word = "CPU" if field == "cpu" else "wall"
            print(
                f"| {word} {one} / {other} | {statistics.median(ratios):.2f} "
                f"| {min(ratios):.2f} to {max(ratios):.2f} |"
            )


def judge(answers, truth, hour):
    """Compares every different answer with the truth; the exit code."""
    whole = read_cells(truth, {})
    part = {cell: count for cell, count in whole.items() if hour[0] <= cell[0] < hour[1]}
    expected = {"calls": whole, "calls-hour": part, "duckdb": whole}
    code = 0
    print()
    for name, cells in expected.items():
        words = {} if name == "duckdb" else CLASSES
        for path in answers.get(name, {}).values():
            got = read_cells(path, words)
            wrong = sorted(cell for cell in cells.keys() | got.keys() if cells.get(cell) != got.get(cell))
            if not wrong:
                print(f"{name}: all {len(cells)} cells and {sum(cells.values())} calls equal the truth")
                continue
            print(f"{name}: {len(wrong)} of {len(cells)} cells differ from the truth, first:")
            for cell in wrong[:5]:
                print(f"  {','.join(cell)}: {got.get(cell, 0)}, the truth is {cells.get(cell, 0)}")
            if name != "duckdb":
                code = 1
    return code


def read_cells(path, classes):
    """Counts by minute, region, API and the truth's word for the class."""
    cells = {}
    with open(path, newline="") as lines:
        rows = csv.reader(lines)
        next(rows, None)
        for minute, region, api, word, count in rows:
            if classes:
                word = classes.get(word, CALLERS_ERROR)
            cell = (minute, region, api, word)
            cells[cell] = cells.get(cell, 0) + int(count)
    return cells


def duckdb_job(archive):
    """The peer: runs in a process of its own, prints the counted cells."""
    import duckdb

    def words(texts):
        return ", ".join(f"'{text}'" for text in texts)

    database = duckdb.connect()
    database.execute("set threads = 2")
    database.execute("set preserve_insertion_order = false")
    database.execute("set enable_progress_bar = false")
    sql = PEER_SQL.format(throttles=words(THROTTLES), faults=words(FAULTS), services=words(SERVICES))
    files = f"{archive}/AWSLogs/**/*.json.gz"
    rows = database.execute(sql, {"files": files}).fetchall()
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow(["minute", "region", "event_name", "class", "count"])
    for row in sorted(tuple(str(value) for value in row[:5]) for row in rows):
        out.writerow(row)
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""National scale: aggregates of a release beside DuckDB over its Parquet file, and files as they stream.

    cargo build --release --package zhiqiao
    python3 -m pip install duckdb
    python3 api/benches/national.py target/release/zhiqiao [--schools N] [--indicators M] [--years Y]

Synthetic data of that size go into a SQLite file of their own in a temporary folder, then a release is built.
Both sides are asked for the same cells, and the answers are compared before anything is timed. DuckDB runs in
this process, over the file that `/v1/data` gave, beside a table of the schools and their cities; the service is
another process and is asked by HTTP and GraphQL.
"""

import argparse
import http.client
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

import duckdb

ROUNDS, COLD = 300, 7
FORMATS = ("csv", "json", "parquet", "arrow", "xlsx")


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Service:
    """One process of the service; gone at the end of the block."""

    def __init__(self, binary, folder, env):
        self.port = free_port()
        env = env | {"ZHIQIAO_LISTEN": f"127.0.0.1:{self.port}", "ZHIQIAO_PUBLIC_URL": f"http://127.0.0.1:{self.port}"}
        self.log = open(os.path.join(folder, "serve.log"), "ab")
        self.process = subprocess.Popen([binary, "serve"], cwd=folder, env=env, stdout=self.log, stderr=self.log)

    def __enter__(self):
        began = time.perf_counter()
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health/ready", timeout=5).read()
                break
            except OSError:
                if self.process.poll() is not None or time.perf_counter() - began > 120:
                    sys.exit("the service did not start; see serve.log")
                time.sleep(0.01)
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port)
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.log.close()

    def ask(self, query):
        body = json.dumps({"query": query})
        self.connection.request("POST", "/graphql", body, {"content-type": "application/json"})
        return self.connection.getresponse().read()

    def memory(self, name):
        with open(f"/proc/{self.process.pid}/status") as status:
            return next(int(line.split()[1]) // 1024 for line in status if line.startswith(name))


def indicator(number):
    return f"synthetic_{(number - 1) // 150 + 1}.i{number:03}"


def grouped(number, by="CITY", key="city { code }"):
    return (
        f'{{ aggregate(input: {{ indicators: ["{indicator(number)}"], period: "2023", groupBy: [{by}] }}) '
        f"{{ groups {{ {key} cells {{ schools sum mean median min max p25 p75 }} }} }} }}"
    )


def duck(database, number, by="city"):
    return database.execute(
        f"""select s.{by} as k, count(f.value), sum(f.value), avg(f.value), median(f.value), min(f.value),
                   max(f.value), quantile_cont(f.value, 0.25), quantile_cont(f.value, 0.75)
            from 'table.parquet' f join schools s on s.code = f.school
            where f.indicator = ? and f.status in ('REPORTED', 'ESTIMATED') group by k order by k""",
        [indicator(number)],
    ).fetchall()


def timed(work):
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


def p95(times):
    return sorted(times)[int(len(times) * 0.95) - 1]


def row(*cells):
    print("| " + " | ".join(str(cell) for cell in cells) + " |", flush=True)


def schools(service):
    found, after = [], None
    while True:
        cursor = f', after: "{after}"' if after else ""
        query = f"{{ schools(first: 200{cursor}) {{ nodes {{ code city {{ code }} tier }} pageInfo {{ endCursor hasNextPage }} }} }}"
        page = json.loads(service.ask(query))["data"]["schools"]
        found += [(node["code"], node["city"]["code"], node["tier"]) for node in page["nodes"]]
        if not page["pageInfo"]["hasNextPage"]:
            return found
        after = page["pageInfo"]["endCursor"]


def same(service, database, number):
    """Both sides say the same of every group, or nothing is measured."""
    ours = json.loads(service.ask(grouped(number)))["data"]["aggregate"]["groups"]
    ours = {group["city"]["code"]: group["cells"][0] for group in ours}
    theirs = {line[0]: line[1:] for line in duck(database, number)}
    names = ("schools", "sum", "mean", "median", "min", "max", "p25", "p75")
    compared = 0
    for city, figures in theirs.items():
        for name, figure in zip(names, figures):
            if ours[city][name] is None or figure is None:
                sys.exit(f"{city} {name}: {ours[city][name]} and {figure}")
            if abs(float(ours[city][name]) - float(figure)) > 1e-6 * max(1.0, abs(float(figure))):
                sys.exit(f"{city} {name}: {ours[city][name]} is not {figure}")
            compared += 1
    return compared


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("binary")
    for name, usual in (("schools", 11_000), ("indicators", 200), ("years", 10)):
        parser.add_argument(f"--{name}", type=int, default=usual)
    parser.add_argument("--dir", help="where the data lie; kept, and used again")
    options = parser.parse_args()
    binary = os.path.abspath(options.binary)
    folder = options.dir or tempfile.mkdtemp(prefix="zhiqiao-national-")
    os.makedirs(folder, exist_ok=True)
    env = {
        "PATH": os.environ["PATH"],
        "ZHIQIAO_DATABASE__URL": f"sqlite://{folder}/national.sqlite3?mode=rwc",
        "ZHIQIAO_KEYS__ENCRYPTION_KEY": "bmF0aW9uYWwtc2NhbGUtYmVuY2gta2V5LTMyLWJ5dGU=",
        "ZHIQIAO_RATE__ENABLED": "false",
    }
    run = lambda *arguments: subprocess.run([binary, *arguments], cwd=folder, env=env, check=True, capture_output=True, text=True)
    if not os.path.exists(f"{folder}/national.sqlite3"):
        run("migrate", "up")
        run("key", "rotate")
        size = [f"--{name}={getattr(options, name)}" for name in ("schools", "indicators", "years")]
        print(run("synth", *size, "--seed=1", "--release").stdout)

    # The schools and the file that everybody may have.
    os.chdir(folder)
    with Service(binary, folder, env) as service:
        idle = service.memory("VmRSS")
        places = schools(service)
        row("file of one period", "MB", "seconds", "MB/s", "memory of the service above idle")
        row("---", "---:", "---:", "---:", "---:")
        for end in FORMATS:
            with open(f"/proc/{service.process.pid}/clear_refs", "w") as refs:
                refs.write("5")
            address = f"http://127.0.0.1:{service.port}/v1/data/synthetic_1.{end}?period=2023"
            size, began = 0, time.perf_counter()
            with urllib.request.urlopen(address) as answer, open(f"table.{end}", "wb") as file:
                while chunk := answer.read(1 << 20):
                    size += file.write(chunk)
            took = time.perf_counter() - began
            above = service.memory("VmHWM") - idle
            row(end, f"{size / 1e6:.1f}", f"{took:.2f}", f"{size / 1e6 / took:.0f}", f"{above} MB")
    database = duckdb.connect()
    database.execute("set threads to 2")
    database.execute("create table schools (code varchar, city varchar, tier varchar)")
    database.executemany("insert into schools values (?, ?, ?)", places)

    print()
    row("one indicator by city, all statistics", "zhiqiao", "DuckDB", "times DuckDB", "wanted")
    row("---", "---:", "---:", "---:", "---:")
    first, further, theirs_cold = [], [], []
    for _ in range(COLD):
        with Service(binary, folder, env) as service:
            service.ask("{ cities { code } }")
            first.append(timed(lambda: service.ask(grouped(1))))
            further.append(timed(lambda: service.ask(grouped(2))))
        fresh = duckdb.connect()
        fresh.execute("set threads to 2")
        fresh.execute("create table schools (code varchar, city varchar, tier varchar)")
        fresh.executemany("insert into schools values (?, ?, ?)", places)
        theirs_cold.append(timed(lambda: duck(fresh, 1)))
        fresh.close()
    cold, duck_cold = statistics.median(first), statistics.median(theirs_cold)
    row("cold: the first of a process, median", f"{cold:.1f} ms", f"{duck_cold:.1f} ms", f"{cold / duck_cold:.2f}", "≤ 3; < 100 ms")
    row("the first of a further indicator, median", f"{statistics.median(further):.1f} ms", "", "", "")
    with Service(binary, folder, env) as service:
        compared = sum(same(service, database, number) for number in (1, 2, 3))
        for name, by, key, column in (("city", "CITY", "city { code }", "city"), ("tier", "TIER", "tier", "tier")):
            # While the other side was asked, the service has closed what was silent; the next question opens it.
            service.connection.close()
            for _ in range(20):
                service.ask(grouped(1, by, key))
                duck(database, 1, column)
            ours = [timed(lambda: service.ask(grouped(1, by, key))) for _ in range(ROUNDS)]
            theirs = [timed(lambda: duck(database, 1, column)) for _ in range(ROUNDS)]
            row(f"warm, by {name}, median", f"{statistics.median(ours):.2f} ms", f"{statistics.median(theirs):.2f} ms",
                f"{statistics.median(ours) / statistics.median(theirs):.2f}", "≤ 1")
            row(f"warm, by {name}, 95 %", f"{p95(ours):.2f} ms", f"{p95(theirs):.2f} ms",
                f"{p95(ours) / p95(theirs):.2f}", "≤ 1; < 10 ms")
        print(f"\n{compared} figures of both sides were the same. Memory of the service after that: {service.memory('VmRSS')} MB.")


main()

"""Every statistic of every indicator, computed a second time and in another language.

Usage: figures.py <reference folder> <observations.csv> [<more observations.csv> ...]

An observations file has the columns school,dataset,period,indicator,value and may have
status. Prints one JSON object a line: dimension, group, indicator, and the statistics as
exact digits, rounded half away from zero to 12 places where they do not end before.
Nothing but the standard library, and fractions instead of floating point.
"""

import csv
import hashlib
import json
import statistics
import sys
from collections import defaultdict
from fractions import Fraction
from pathlib import Path

PLACES = 12


def rows(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def digits(value):
    """A fraction as decimal digits, without trailing zeros."""
    if value is None:
        return None
    scaled = abs(value) * 10**PLACES
    whole = scaled.numerator // scaled.denominator
    if 2 * (scaled - whole) >= 1:
        whole += 1
    text = str(whole).rjust(PLACES + 1, "0")
    text = (text[:-PLACES] + "." + text[-PLACES:]).rstrip("0").rstrip(".")
    return "-" + text if value < 0 and text != "0" else text


def quartiles(values):
    if len(values) == 1:
        return values * 3
    return statistics.quantiles(values, n=4, method="inclusive")


def figures(line, members, cells):
    """The statistics of one indicator over the schools of one group."""
    pairs = []
    for school in members:
        value = cells.get((school, line["code"]))
        weight = cells.get((school, line["weight"])) if line["weight"] else Fraction(1)
        if line["aggregation"] != "weighted_mean":
            weight = Fraction(1)
        if value is not None and weight is not None:
            pairs.append((value, weight))
    values = [value for value, _ in pairs]
    answer = {"schools": len(values), "expected": len(members)}
    if not values:
        return answer | dict.fromkeys(("value", "sum", "mean", "median", "min", "max", "p25", "p75"))
    p25, median, p75 = quartiles(values)
    assert median == statistics.median(values)
    total, mean = sum(values), Fraction(sum(values), len(values))
    weights = sum(weight for _, weight in pairs)
    own = {
        "sum": total,
        "mean": mean,
        "median": median,
        "weighted_mean": sum(v * w for v, w in pairs) / weights if weights else None,
    }[line["aggregation"]]
    found = {
        "value": own, "sum": total, "mean": mean, "median": median,
        "min": min(values), "max": max(values), "p25": p25, "p75": p75,
    }
    return answer | {name: digits(value) for name, value in found.items()}


def main(reference, *files):
    reference = Path(reference)
    schools = {f"62{int(row['seq']):03}": row for row in rows(reference / "schools.csv")}
    by_name = {row["name_zh"]: code for code, row in schools.items()}
    cells, reported = {}, set()
    for file in files:
        for row in rows(file):
            assert row["school"] in schools, row
            key = (row["school"], row["indicator"])
            assert key not in reported, f"{key} is stated twice"
            reported.add(key)
            if row.get("status", "REPORTED") in ("REPORTED", "ESTIMATED"):
                cells[key] = Fraction(row["value"])

    groups = defaultdict(set)
    for code, row in schools.items():
        groups["", ""].add(code)
        for dimension, column in (("city", "city_code"), ("ownership", "ownership"), ("category", "category"), ("tier", "tier")):
            groups[dimension, row[column]].add(code)
    for row in rows(reference / "consortium_members.csv"):
        if row["member_name_zh"] in by_name:
            name = hashlib.sha256(row["consortium_name_zh"].encode()).hexdigest()[:8].upper()
            groups["consortium", "C" + name].add(by_name[row["member_name_zh"]])

    asked = {indicator for _, indicator in reported}
    lines = [row for row in rows(reference / "indicators.csv") if row["code"] in asked]
    for (dimension, group), members in sorted(groups.items()):
        for line in lines:
            answer = {"dimension": dimension, "group": group, "indicator": line["code"]}
            print(json.dumps(answer | figures(line, sorted(members), cells)))


if __name__ == "__main__":
    main(*sys.argv[1:])

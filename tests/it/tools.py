"""Every released table opened with the tools of analysts: they read the same rows, statuses and sums.

Usage: tools.py <site> <table> [<table> ...]

pandas, polars, DuckDB, pyarrow and openpyxl read every format of every table, of schools and of
groups; sdmx1 reads every flow, generic and structure-specific, as series and as observations that
stand alone. The rows are those that Python's own csv module finds in the CSV. A CSV also keeps to
what `read.csv` of R takes for granted. Prints a line for each table; ends with an error at the
first that differs.
"""

import csv
import io
import json
import logging
import re
import sys
from collections import Counter
from decimal import Decimal
from urllib.request import Request, urlopen

import duckdb
import openpyxl
import pandas as pd
import polars as pl
import pyarrow.ipc
import pyarrow.parquet
import sdmx

logging.disable(logging.WARNING)

NUMBERS = {"value", "sum", "mean", "median", "min", "max", "p25", "p75"}
COUNTS = {"schools", "expected"}


def fetch(url, accept=None):
    with urlopen(Request(url, headers={"Accept": accept} if accept else {})) as answer:
        return answer.read()


def told(rows):
    """How often each cell stands there: codes and words as they are, numbers by their value."""
    return Counter(tuple(sorted((name, cell(name, value)) for name, value in row.items())) for row in rows)


def cell(name, value):
    if value is None or value != value or value is pd.NaT or value == "":
        return ""
    if name in NUMBERS | COUNTS:
        return format(Decimal(str(value)).normalize(), "f")
    return str(value)


def inexact(rows):
    """The same with fifteen digits, which is what a double holds."""
    def digits(name, value):
        if name in NUMBERS and value != "":
            return format(Decimal(f"{float(value):.15g}").normalize(), "f")
        return value
    return Counter(tuple((name, digits(name, value)) for name, value in row) for row in rows.elements())


def same(what, is_, should):
    assert is_ == should, f"{what}: {list((is_ - should).items())[:2]} instead of {list((should - is_).items())[:2]}"


NUMERIC = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
NAME = re.compile(r"[A-Za-z][A-Za-z0-9._]*")


def as_r_reads(text):
    """What `read.csv(text, header = TRUE, sep = ",", quote = "\\"", dec = ".", fill = TRUE)` relies on."""
    assert not text.startswith("\ufeff"), "R takes a mark for a part of the first name"
    lines = list(csv.reader(io.StringIO(text, newline=""), doublequote=True, strict=True))
    names, rows = lines[0], lines[1:]
    # `check.names` changes nothing, and no column is taken for names of rows.
    assert all(NAME.fullmatch(name) for name in names) and len(set(names)) == len(names), names
    assert all(len(row) == len(names) for row in rows)
    for name, column in zip(names, zip(*rows)):
        if name in NUMBERS | COUNTS:
            # Blank is NA in a column of numbers; with one text in it the whole column would be one of texts.
            assert all(value == "" or NUMERIC.fullmatch(value) for value in column), name
        else:
            # A text is kept as it is unless it says `NA`; a column of nothing but these would be logical.
            assert "NA" not in column and not set(column) <= {"T", "F", "TRUE", "FALSE"} - {""}, name
            assert all(value == value.strip() for value in column), name
    for line in text.splitlines():
        assert "\\\"" not in line, line


def table(site, name, grouped):
    query = "labels=en" + ("&group_by=city" if grouped else "")
    path = f"{site}/v1/data/{name}"
    text = fetch(f"{path}.csv?{query}").decode()
    as_r_reads(text)
    expected = list(csv.DictReader(io.StringIO(text, newline="")))
    assert expected, name
    should = told(expected)
    codes = {column: str for column in expected[0] if column not in NUMBERS | COUNTS}
    exact = codes | {column: str for column in NUMBERS | COUNTS}

    def pandas(frame):
        return frame.astype(object).where(frame.notna(), None).to_dict("records")

    options = {"keep_default_na": False, "na_values": [""]}
    same("pandas CSV", told(pandas(pd.read_csv(io.StringIO(text), dtype=exact, **options))), should)
    # With numbers as it takes them by itself: doubles.
    same("pandas", inexact(told(pandas(pd.read_csv(io.StringIO(text), dtype=codes, **options)))), inexact(should))
    marked = fetch(f"{path}.csv?{query}&bom=true")
    assert marked == b"\xef\xbb\xbf" + text.encode()
    same("pandas BOM", told(pandas(pd.read_csv(io.BytesIO(marked), dtype=exact, encoding="utf-8-sig", **options))), should)
    same("polars CSV", told(pl.read_csv(text.encode(), infer_schema=False).to_dicts()), should)

    for end in ["csv", "json", "parquet", "arrow", "xlsx"]:
        with open(f"{name}.{end}", "wb") as file:
            file.write(fetch(f"{path}.{end}?{query}"))
    duck = duckdb.connect()
    for what, source in [
        ("CSV", f"read_csv('{name}.csv', all_varchar = true, header = true)"),
        ("Parquet", f"'{name}.parquet'"),
    ]:
        found = duck.sql(f"select * from {source}")
        same(f"DuckDB {what}", told(dict(zip(found.columns, row)) for row in found.fetchall()), should)
    with open(f"{name}.json", encoding="utf-8") as file:
        same("JSON", told(json.load(file, parse_float=Decimal, parse_int=Decimal)), should)
    same("pandas Parquet", told(pandas(pd.read_parquet(f"{name}.parquet"))), should)
    same("polars Parquet", told(pl.read_parquet(f"{name}.parquet").to_dicts()), should)
    same("pyarrow Parquet", told(pyarrow.parquet.read_table(f"{name}.parquet").to_pylist()), should)
    same("polars Arrow", told(pl.read_ipc(f"{name}.arrow").to_dicts()), should)
    with pyarrow.ipc.open_file(f"{name}.arrow") as file:
        same("pyarrow Arrow", told(file.read_all().to_pylist()), should)
    book = openpyxl.load_workbook(f"{name}.xlsx", read_only=True)
    lines = book["data"].iter_rows(values_only=True)
    names = next(lines)
    same("openpyxl", inexact(told(dict(zip(names, line)) for line in lines)), inexact(should))
    excel = pd.read_excel(f"{name}.xlsx", sheet_name="data", dtype=codes, **options)
    same("pandas Excel", inexact(told(pandas(excel))), inexact(should))
    return expected


STATUS = {"REPORTED": "A", "ESTIMATED": "E", "NOT_APPLICABLE": "M", "MISSING": "O", "SUPPRESSED": "Q"}


def flow(client, site, name, cities):
    """The cities of a flow by sdmx1 in every form, against the file."""
    structure = client.dataflow(name).structure[f"DSD_{name.upper()}"]
    total = {dimension: "_T" for dimension in ["OWNERSHIP", "CATEGORY", "TIER"]}
    key = {"REF_AREA": sorted({row["city"] for row in cities}), **total}
    should = {}
    for row in cities:
        line = row["indicator"].split(".", 1)[1].replace(".", "_")
        should[row["city"], line, row["period"][:4]] = (row["value"], STATUS[row["status"]])
    specific = {"Accept": "application/vnd.sdmx.structurespecificdata+xml;version=2.1"}
    flat = {"dimensionAtObservation": "AllDimensions"}
    for what, options in [
        ("generic", {}),
        ("specific", {"dsd": structure, "headers": specific}),
        ("generic, flat", {"params": flat}),
        ("specific, flat", {"dsd": structure, "headers": specific, "params": flat}),
    ]:
        message = client.data(name, key=key, **options)
        found = {}
        for one in message.data[0].obs:
            of = lambda dimension: str(one.key[dimension].value)
            value = "" if one.value in (None, "") else str(one.value)
            status = str(one.attrib["OBS_STATUS"].value)
            place = (of("REF_AREA"), of("INDICATOR"), of("TIME_PERIOD")[:4])
            assert place not in found, (name, what, place)
            found[place] = (cell("value", value), status)
        expected = {place: (cell("value", value), status) for place, (value, status) in should.items()}
        assert found == expected, (name, what, set(found.items()) ^ set(expected.items()))
        assert len(sdmx.to_pandas(message)) == len(expected)
    for media in ["application/vnd.sdmx.data+csv", "application/vnd.sdmx.data+json"]:
        assert fetch(f"{site}/sdmx/2.1/data/{name}", media)


def main(site, *tables):
    sdmx.add_source({"id": "ZHIQIAO", "name": "Zhiqiao", "url": f"{site}/sdmx/2.1"})
    client = sdmx.Client("ZHIQIAO")
    flows = client.dataflow().dataflow
    assert set(flows) == set(tables), set(flows) ^ set(tables)
    for name in tables:
        schools = table(site, name, grouped=False)
        cities = table(site, name, grouped=True)
        flow(client, site, name, cities)
        print(name, len(schools), len(cities))


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Texts in memory come and go; what is read, printed or written does not, as a whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from corr.optimize import gate
from tests.optimize.gate.programs import compiles, passes_as_objects

CXX = """\
#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>
static std::string text(int n)
{
    /*MAKE*/
    std::ostringstream out;
    out << n;
    return out.str();
    /*MAKE*/
}
static double number(const std::string &line)
{
    /*PARSE*/
    std::istringstream in(line);
    double x = 0;
    in >> x;
    return x;
    /*PARSE*/
}
static void order(std::vector<int> &v)
{
    /*SORT*/
    std::stable_sort(v.begin(), v.end());
    /*SORT*/
}
int main(int argc, char **argv)
{
    std::vector<int> v(argv[0], argv[0] + std::strlen(argv[0]));
    std::ifstream in(argv[argc - 1]);
    std::string line;
    double sum = 0;
    /*READ*/
    while (std::getline(in, line, ','))
        sum += number(line);
    /*READ*/
    order(v);
    /*SHOW*/
    std::cout << text(v[0]) << ' ' << sum << std::endl;
    /*SHOW*/
    return 0;
}
"""


def with_(place: str, instead: str) -> str:
    first, _, last = CXX.split(f"/*{place}*/")
    return first + instead + last


HONEST = {
    "to_string": ("MAKE", "return std::to_string(n);"),
    "to_chars": ("MAKE", "char t[16]; return std::string(t, std::to_chars(t, t + 16, n).ptr);"),
    "snprintf": ("MAKE", 'char t[16]; std::snprintf(t, sizeof t, "%d", n); return t;'),
    "from_chars": (
        "PARSE",
        "double x = 0; auto [end, wrong] = std::from_chars(line.data(), line.data() + line.size(), x);"
        " return wrong == std::errc() ? x : 0 * (end - line.data());",
    ),
    "stod": ("PARSE", "return std::stod(line);"),
    "strtod": ("PARSE", "char *end; return std::strtod(line.c_str(), &end);"),
    "sort": ("SORT", "std::sort(v.begin(), v.end());"),
    "another order of what is printed": (
        "SHOW",
        "std::string all = text(v[0]); all += ' '; std::cout.write(all.data(), all.size());"
        " std::cout << sum << '\\n';",
    ),
    "another end of what is read": (
        "READ",
        "while (std::getline(in, line, ';')) sum += number(line);",
    ),
}
GONE = {
    "what is printed": ("SHOW", "if (sum < 0) return 1;"),
    "what is read": ("READ", "sum += number(line);"),
}


@pytest.mark.parametrize("name", HONEST)
def test_texts_in_memory_by_other_means(name: str, clangxx: str, tmp_path: Path) -> None:
    after = with_(*HONEST[name])
    assert compiles(clangxx, after, tmp_path, language="cpp")
    assert gate.source(CXX, after, "work.cpp") == []
    assert passes_as_objects(clangxx, CXX, after, tmp_path)


@pytest.mark.parametrize("name", GONE)
def test_what_is_read_and_printed_stays(name: str, clangxx: str, tmp_path: Path) -> None:
    after = with_(*GONE[name])
    assert compiles(clangxx, after, tmp_path, language="cpp")
    assert not passes_as_objects(clangxx, CXX, after, tmp_path)


@pytest.mark.parametrize("use", ["std::stoi", "&std::stod", "std::from_chars<int>"])
def test_their_addresses_are_not_to_be_had(use: str) -> None:
    after = with_("SORT", f"v[0] = (int)(long)({use});")
    assert "address" in {one.rule for one in gate.source(CXX, after, "work.cpp")}

"""One spelling for every source file: relative to the program's root, absolute elsewhere."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from corr.program.model import relative


def spell_files(
    table: pa.Table, base: Path, root: Path, known: Mapping[str, str] | None = None
) -> pa.Table:
    """Rewrite every `file`, at any depth of nesting, as other layers spell it.

    `base` is the folder that relative names were written from, but for those in `known`: clang
    may write a name relative to whatever the source and the working folder have in common.
    """

    def spell(name: str) -> str:
        return relative((known or {}).get(name) or os.path.join(base, name), root)

    columns = []
    for name, field in zip(table.column_names, table.schema, strict=True):
        chunks = [_array(c, name, spell) for c in table[name].chunks]
        columns.append(pa.chunked_array(chunks, field.type))
    return pa.Table.from_arrays(columns, schema=table.schema)


def _array(array: pa.Array, name: str, spell: Callable[[str], str]) -> pa.Array:
    kind = array.type
    if pa.types.is_list(kind):
        values = _array(array.values, name, spell)
        rebuilt = pa.ListArray.from_arrays(array.offsets, values, type=kind)
        return _with_nulls(rebuilt, array)
    if pa.types.is_struct(kind):
        parts = [_array(array.field(i), kind.field(i).name, spell) for i in range(kind.num_fields)]
        rebuilt = pa.StructArray.from_arrays(parts, fields=list(kind))
        return _with_nulls(rebuilt, array)
    if name != "file":
        return array
    encoded = array if pa.types.is_dictionary(kind) else pc.dictionary_encode(array)
    spelled = [None if f is None else spell(f) for f in encoded.dictionary.to_pylist()]
    dictionary = pa.array(spelled, pa.string())
    if pa.types.is_dictionary(kind):
        return pa.DictionaryArray.from_arrays(encoded.indices, dictionary)
    return pc.take(dictionary, encoded.indices)


def _with_nulls(rebuilt: pa.Array, original: pa.Array) -> pa.Array:
    if original.null_count == 0:
        return rebuilt
    return pc.if_else(original.is_valid(), rebuilt, pa.nulls(len(original), original.type))

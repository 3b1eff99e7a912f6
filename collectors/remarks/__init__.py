"""Optimisation remarks: a record of any size and format into Arrow, in bounded memory.

reader.py → format.py (which format) → stream.py (blocks of the file) →
  YAML:       yaml_documents.py (cut) → yaml_columns.py (whole blocks) or yaml_one.py (the odd one)
  bitstream:  bitstream_container.py → bitstream_framing.py → bitstream_columns.py,
              bitstream_strings.py → bitstream.py
→ arrow.py (the rows)
"""

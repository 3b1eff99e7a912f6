-- purpose: the hot lines that say more of a sampled place than where it is
-- grain: sampled place (as in hotspots) x line, and the function that it was written in
-- columns: run_id, loop, function, own_file, inlined, file, line, share, part, rank
-- Of what the program has outside loops all; of loops those of the program's own that are inlined (their
-- function is `inlined`), and of loops that are long or of gotos all. Each has a two-thousandth of the samples.
SELECT h.run_id, h.loop, coalesce(g.name, h.function) AS function, coalesce(l.file, h.file) AS own_file,
       CASE WHEN h.written_in <> l.function THEN coalesce(f.name, h.written_in) END AS inlined,
       h.file, h.line, h.share, h.part, h.rank
FROM hot_lines h
LEFT JOIN loops l ON l.run_id = h.run_id AND l.key = h.loop
LEFT JOIN functions f ON f.run_id = h.run_id AND f.linkage = h.written_in
LEFT JOIN functions g ON g.run_id = h.run_id AND g.linkage = h.function
WHERE (h.loop IS NULL OR (h.written_in <> l.function AND h.file NOT LIKE '/%' AND h.line > 0)
       OR l.made_of IS NOT NULL OR l.end_line - l.line >= 20)
  AND h.share >= 0.0005
ORDER BY h.rank, h.share DESC, h.file, h.line

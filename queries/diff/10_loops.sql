-- purpose: each loop of two runs beside itself, with what every layer says on each side
-- grain: matched pair of loops, or a loop that only one run has
-- columns: loop, place, function, key_a, key_b, and share, samples, iterations, vector_width, ... with _a and _b
-- Needs the temporary tables sides(side, run_id) and loop_pairs(key_a, key_b, matched_by).
CREATE TEMP TABLE loop_code AS
SELECT run_id, loop, count(*) AS instructions,
       count(*) FILTER (operands LIKE '%(\%rsp%' ESCAPE '\' OR operands LIKE '%(\%rbp%' ESCAPE '\') AS stack_accesses,
       count(*) FILTER (regexp_matches(mnemonic, '^call')) AS calls,
       count(*) FILTER (regexp_matches(mnemonic, '^(v?div|v?sqrt|i?div)')) AS divisions,
       count(*) FILTER (regexp_matches(mnemonic, '^j[^m]')) AS branches,
       count(*) FILTER (regexp_matches(mnemonic, '^(cmov|set|v?blend|vp?blend)')) AS selects,
       count(*) FILTER (regexp_matches(mnemonic, 'gather|scatter')) AS gathers,
       count(*) FILTER (regexp_matches(mnemonic, '^(lock|xchg|cmpxchg|xadd)')) AS atomics,
       count(*) FILTER (regexp_matches(mnemonic, '^v?fm(add|sub)|^vfn?m')) AS fmas
FROM instructions WHERE loop IS NOT NULL GROUP BY ALL;

CREATE TEMP TABLE loop_side AS
SELECT s.side, l.key, l.file || ':' || l.line AS place, l.function_name AS function, l.depth,
       h.share, coalesce(h.samples, 0) AS samples, h.entries, h.iterations, h.trip_count,
       x.vector_width, x.interleave, x.unroll, x.done,
       m.cycles_per_iteration AS mca_cycles, m.bound, m.vector_bits, m.ipc,
       c.* EXCLUDE (run_id, loop)
FROM sides s JOIN loops l USING (run_id)
LEFT JOIN hotspots h ON h.run_id = l.run_id AND h.loop = l.key
LEFT JOIN transformed x ON x.run_id = l.run_id AND x.loop = l.key
LEFT JOIN loop_mca m ON m.run_id = l.run_id AND m.loop = l.key
LEFT JOIN loop_code c ON c.run_id = l.run_id AND c.loop = l.key;

CREATE TEMP TABLE diff_loops AS
SELECT coalesce(p.key_b, p.key_a) AS loop, p.matched_by, p.key_a, p.key_b,
       coalesce(b.place, a.place) AS place, coalesce(b.function, a.function) AS function,
       a.place AS place_a, b.place AS place_b,
       COLUMNS(a.* EXCLUDE (side, key, place, function)) AS '\0_a',
       COLUMNS(b.* EXCLUDE (side, key, place, function)) AS '\0_b'
FROM loop_pairs p
LEFT JOIN loop_side a ON a.side = 'a' AND a.key = p.key_a
LEFT JOIN loop_side b ON b.side = 'b' AND b.key = p.key_b;
